"""Write the reviewed templates anew: `python -m tests.golden.aws`, then read the diff."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.templates.worlds import named

for which in ("default", "dedicated"):
    for name, template in named(which).items():
        path = Path(__file__).parent / which / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(template.to_json(), indent=1) + "\n")
