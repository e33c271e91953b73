"""ray job submit --working-dir . -- python jobs/evaluate.py s3://bucket/result --truth s3://bucket/corpus --out s3://bucket/metrics.json

Compare a result with labelled drawings; the options are those of `instancesketch evaluate`.
"""

import sys

from instancesketch.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
