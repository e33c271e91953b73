"""`instancesketch benchmark`: measure how fast labelling, training and reading are."""

from __future__ import annotations

import argparse
import sys

from instancesketch.benchmarks.config import BenchmarkConfig, check
from instancesketch.cli import options
from instancesketch.cli.parser import VerbParser

HELP = "measure how fast labelling, training and reading are on this machine or cluster"
DESCRIPTION = """\
Measures on one machine, in one run, and prints one table:

  segment   the published path rebuilt, our models in a plain loop, and `segment` on Ray, on one
            core and on all; by stage; memory of all processes (proportional set size)
  one       one drawing at a time by the Python API, median
  networks  the segmenter's network beside the one that it replaced, on one core
  training  the segmenter in a plain loop, and on Ray Train with one worker and with two
  ingest    every format that can be written
  scenes    scenes of many objects, on all cores

Start-up has a column of its own, apart from the steady pace. Where RAY_ADDRESS names a cluster, all
its cores are used in every row, and memory is not measured. OUT/speed.json and OUT/speed.md have
the table.

  instancesketch benchmark --out speed
  instancesketch benchmark --data quickdraw --only segment one --out speed"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    options.add_fields(parser, BenchmarkConfig)
    options.add_storage(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    out = options.place(args.out, args.storage)
    config = options.from_args(BenchmarkConfig, args, out=out)
    check(config)  # before torch is imported
    from instancesketch.benchmarks.measure import measure
    from instancesketch.metrics.terminal import print_blocks

    # After an empty line, for rows were printed one by one while they were measured.
    table = measure(config)
    if sys.stdout.isatty():
        print_blocks(["", *table.blocks(), ""])
    else:  # to paste where Markdown is read
        print(f"\n{table.to_markdown()}")
    print(f"benchmark: {', '.join(config.parts)} -> {out}")
    return 0
