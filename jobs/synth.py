"""ray job submit --working-dir . -- python jobs/synth.py drawings --number 10000 --out synth

Makes a labelled corpus of procedural drawings; the options are those of `instancesketch synth`.
"""

import sys

from instancesketch.cli import main

if __name__ == "__main__":
    sys.exit(main(["synth", *sys.argv[1:]]))
