"""ray job submit --working-dir . -- python jobs/train.py segmenter --data s3://bucket/corpus --run first --storage s3://bucket/runs

Train a model on a labelled corpus; the options are those of `instancesketch train`.
"""

import sys

from instancesketch.cli.main import run_process

if __name__ == "__main__":
    run_process(["train", *sys.argv[1:]])
