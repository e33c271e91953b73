"""`python -m instancesketch VERB …`, the same as `instancesketch VERB …`."""

import sys

from instancesketch.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
