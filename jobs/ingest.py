"""ray job submit --working-dir . -- python jobs/ingest.py s3://bucket/drawings --out s3://bucket/corpus

Read drawings of any format into a corpus; the options are those of `instancesketch ingest`.
"""

import sys

from instancesketch.cli.main import run_process

if __name__ == "__main__":
    run_process(["ingest", *sys.argv[1:]])
