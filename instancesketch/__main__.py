"""Run the command line: `python -m instancesketch VERB …`."""

import sys

from instancesketch.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
