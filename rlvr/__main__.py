"""`python -m rlvr` is the command `rlvr`, where the environment is not activated."""

import sys

from rlvr.cli import main

if __name__ == "__main__":
    sys.exit(main())
