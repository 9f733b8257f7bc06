"""`python -m loopgenie` is the command `loopgenie`."""

import sys

from loopgenie.cli import main

sys.exit(main())
