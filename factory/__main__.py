"""`python -m factory`: the command, where its script is not on the path."""

import sys

from factory.cli import main

if __name__ == "__main__":
    sys.exit(main())
