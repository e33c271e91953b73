"""ray job submit --working-dir . -- python jobs/evaluate.py result --truth corpus

Compares a result with labelled drawings; the options are those of `instancesketch evaluate`.
"""

import sys

from instancesketch.cli import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
