"""ray job submit --working-dir . -- python jobs/segment.py corpus --out result --weights runs/first

Labels every stroke of drawings, or of scenes of many objects, with trained weights;
the options are those of `instancesketch segment`:

    ray job submit --working-dir . -- python jobs/segment.py scenes --out result --scenes
"""

import sys

from instancesketch.cli import main

if __name__ == "__main__":
    sys.exit(main(["segment", *sys.argv[1:]]))
