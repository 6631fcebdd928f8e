"""`python -m convox.cli`: the convox command without its script."""

import sys

from convox.cli.main import main

sys.exit(main())
