"""ray job submit --working-dir . -- python jobs/info.py s3://bucket/corpus

Count what a corpus or result holds; the options are those of `instancesketch info`.
"""

import sys

from instancesketch.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["info", *sys.argv[1:]]))
