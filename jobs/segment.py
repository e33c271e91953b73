"""ray job submit --working-dir . -- python jobs/segment.py s3://bucket/corpus --out s3://bucket/result --weights s3://bucket/runs/first

Label every stroke of drawings, or of scenes of many objects, with trained weights; the options are
those of `instancesketch segment`:

    ray job submit --working-dir . -- python jobs/segment.py s3://bucket/scenes --out s3://bucket/result --scenes
"""

import sys

from instancesketch.cli.main import run_process

if __name__ == "__main__":
    run_process(["segment", *sys.argv[1:]])
