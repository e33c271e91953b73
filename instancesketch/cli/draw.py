"""`instancesketch draw`: open a page to draw on, which names the parts."""

from __future__ import annotations

import argparse

from instancesketch.cli import options
from instancesketch.cli.parser import VerbParser
from instancesketch.serve.config import DrawConfig

HELP = "open a page to draw on: parts are named while you draw"
DESCRIPTION = """\
Opens a page in the browser. Draw with a pen, a finger or the mouse: after every stroke all strokes
take the colours of their parts, with names beside them, and bars show what the drawing may be.
Click a stroke to correct its part or instance. The page saves SVG and JSON, which `ingest` reads,
and opens files of any format that the package reads, by drag and drop.

The server answers to this machine alone, at a loopback address, and needs no network. Ctrl-C ends
it.

  instancesketch draw
  instancesketch draw --weights runs/mine --corpus drawn
  instancesketch ingest drawn --out corpus"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    options.add_fields(parser, DrawConfig)


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    config = options.from_args(DrawConfig, args)
    # Imports torch, which takes seconds.
    from instancesketch.serve.server import serve

    serve(config)
    return 0
