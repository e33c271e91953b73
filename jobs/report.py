"""ray job submit --working-dir . -- python jobs/report.py s3://bucket/result --truth s3://bucket/corpus --out s3://bucket/report.html

Show a result, a training run or a sweep as an HTML page; the options are those of `instancesketch report`.
"""

import sys

from instancesketch.cli.main import run_process

if __name__ == "__main__":
    run_process(["report", *sys.argv[1:]])
