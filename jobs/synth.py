"""ray job submit --working-dir . -- python jobs/synth.py drawings --number 10000 --out s3://bucket/synth
ray job submit --working-dir . -- python jobs/synth.py scenes --number 10000 --out s3://bucket/scenes

Make a labelled corpus of procedural drawings, or of scenes composed of drawings; the options are
those of `instancesketch synth`.
"""

import sys

from instancesketch.cli.main import run_process

if __name__ == "__main__":
    run_process(["synth", *sys.argv[1:]])
