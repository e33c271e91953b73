"""ray job submit --working-dir . -- python jobs/demo.py --out s3://bucket/demo

Show the whole workflow on procedural drawings; the options are those of `instancesketch demo`.
"""

import sys

from instancesketch.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["demo", *sys.argv[1:]]))
