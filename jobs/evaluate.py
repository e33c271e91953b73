"""ray job submit --working-dir . -- python jobs/evaluate.py s3://bucket/result --truth s3://bucket/corpus --out s3://bucket/metrics.json

Compare a result with labelled drawings; the options are those of `instancesketch evaluate`.
"""

import sys

from instancesketch.cli.main import run_process

if __name__ == "__main__":
    run_process(["evaluate", *sys.argv[1:]])
