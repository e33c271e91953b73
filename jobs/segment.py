"""ray job submit --working-dir . -- python jobs/segment.py corpus --out result --weights runs/first

Labels every stroke of drawings with trained weights;
the options are those of `instancesketch segment`.
"""

import sys

from instancesketch.cli import main

if __name__ == "__main__":
    sys.exit(main(["segment", *sys.argv[1:]]))
