"""What test_reboot.py runs beside an engine of its own: stop things, and see the app come back.

Prints a line of JSON for each event: its name and the seconds until the app answered again.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench.harness import BenchRack, copy_of_hello, rack, wait_for  # noqa: E402
from convox.providers.local import service_unit  # noqa: E402
from convox.providers.local.layout import Layout  # noqa: E402
from tests.docker.own_engine import OwnEngine  # noqa: E402

LIMIT_S = 60


def main(home: Path, image: Path) -> None:
    engine = OwnEngine(home / "engine.log")
    engine.start()
    subprocess.run(["docker", "load", "-qi", str(image)], check=True, stdout=sys.stderr)
    with rack("boot") as made:
        made.convox("apps", "create", "hello", "--wait")
        source = copy_of_hello(home / "hello", "boot")
        made.convox("deploy", str(source), "-a", "hello", "--wait")
        wait_for(lambda: answers(made), LIMIT_S)
        alone(made, engine)
        together(made, engine)


def answers(made: BenchRack) -> bool:
    return made.get("hello", timeout_s=2)[0] == 200


def told(event: str, made: BenchRack) -> None:
    """Print how long the app took to answer, from now."""
    seconds = wait_for(lambda: answers(made), LIMIT_S)
    print(json.dumps({"event": event, "seconds": round(seconds, 2)}), flush=True)


def alone(made: BenchRack, engine: OwnEngine) -> None:
    engine.stop()
    time.sleep(1)
    engine.start()
    told("engine", made)

    engine.cut(made.pid)
    engine.start()
    told("engine killed", made)

    router = f"label=convox.rack={made.name}", "label=convox.kind=router"
    words = ["docker", "ps", "-q", "--filter", router[0], "--filter", router[1]]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["docker", "kill", *found], check=True, stdout=sys.stderr)
    told("router", made)

    os.kill(made.pid, signal.SIGKILL)
    told("rack is away", made)
    by_unit(made)
    told("rack by its unit", made)
    wait_for(lambda: "hello" in made.convox("apps", check=False), LIMIT_S)


def by_unit(made: BenchRack) -> subprocess.Popen[bytes]:
    """Run what the unit says, as systemd would."""
    text = service_unit.unit_text(Layout(made.folder, made.name), made.home / "state")
    lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    name, _, value = shlex.split(lines["Environment"])[0].partition("=")
    return subprocess.Popen(
        shlex.split(lines["ExecStart"]),
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], name: value},
        stdout=sys.stderr,
        start_new_session=True,
    )


def together(made: BenchRack, engine: OwnEngine) -> None:
    """Cut the power of all of it, and begin as a machine that was switched on does."""
    engine.cut()
    # The rack may be quicker than the engine that it needs.
    by_unit(made)
    time.sleep(2)
    engine.start()
    told("all", made)
    wait_for(lambda: "hello" in made.convox("apps", check=False), LIMIT_S)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
