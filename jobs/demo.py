"""ray job submit --working-dir . -- python jobs/demo.py --out s3://bucket/demo

Show the whole workflow on procedural drawings; the options are those of `instancesketch demo`.
"""

import sys

from instancesketch.cli.main import run_process

if __name__ == "__main__":
    run_process(["demo", *sys.argv[1:]])
