"""ray job submit --working-dir . -- python jobs/info.py s3://bucket/corpus

Count what a corpus or result holds; the options are those of `instancesketch info`.
"""

import sys

from instancesketch.cli.main import run_process

if __name__ == "__main__":
    run_process(["info", *sys.argv[1:]])
