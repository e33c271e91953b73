"""ray job submit --working-dir . -- python jobs/ingest.py s3://bucket/drawings --out s3://bucket/corpus

Read drawings of any format into a corpus; the options are those of `instancesketch ingest`.
"""

import sys

from instancesketch.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["ingest", *sys.argv[1:]]))
