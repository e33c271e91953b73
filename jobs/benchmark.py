"""ray job submit --working-dir . -- python jobs/benchmark.py --data s3://bucket/corpus --out s3://bucket/speed

Measure how fast labelling, training and reading are; the options are those of `instancesketch benchmark`.
"""

import sys

from instancesketch.cli.main import run_process

if __name__ == "__main__":
    run_process(["benchmark", *sys.argv[1:]])
