"""ray job submit --working-dir . -- python jobs/tune.py segmenter --data s3://bucket/corpus --run sweep --storage s3://bucket/runs

Search for the best values of a recipe; the options are those of `instancesketch tune`.
"""

import sys

from instancesketch.cli.main import run_process

if __name__ == "__main__":
    run_process(["tune", *sys.argv[1:]])
