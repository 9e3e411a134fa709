"""`python -m convlab` is the command `convlab`."""

import sys

from convlab.cli import main

if __name__ == "__main__":
    sys.exit(main())
