"""ray job submit --working-dir . -- python jobs/export.py s3://bucket/result --format cvat --out s3://bucket/for-cvat

Write a result or corpus in another format; the options are those of `instancesketch export`.
"""

import sys

from instancesketch.cli.main import run_process

if __name__ == "__main__":
    run_process(["export", *sys.argv[1:]])
