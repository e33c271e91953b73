"""`instancesketch synth`: make a corpus of procedural drawings, or of composed scenes."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from instancesketch.batch.config import DrawingsConfig, ScenesConfig
from instancesketch.cli import options, output
from instancesketch.cli.parser import VerbParser
from instancesketch.core.errors import UserError
from instancesketch.synth.scenes.config import SceneConfig

if TYPE_CHECKING:
    from instancesketch.batch.job import Summary

HELP = "make a labelled corpus of procedural drawings, or of scenes composed of drawings"
DESCRIPTION = """\
drawings: procedural cars, clouds, flowers, suns, trees, four-legged and two-legged animals that
look hand-drawn, with the part and instance of every stroke.

scenes: drawings composed as people do: some in the sky or on the ground, some on, in or in front of
others, with the object that each stroke draws. The drawings come from the corpora given with --from
(each object of their scenes is one drawing), or are procedural. Nine scenes in ten are in split
train and composed of drawings of that split; the tenth is in split valid and composed of others.

The same seed gives the same drawings and scenes on any machine.

  instancesketch synth drawings --number 10000 --seed 0 --out synth
  instancesketch synth scenes --number 1000 --out scenes
  instancesketch synth scenes --number 10000 --from synth quickdraw --out scenes --yolo images"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument("kind", choices=("drawings", "scenes"), help="what to make")
    # The type of `workers` would let 0 through.
    options.add_fields(parser, DrawingsConfig, parse={"workers": options.parse_workers})
    # The fields that both configs inherit are there already.
    options.add_fields(parser, ScenesConfig, own=True, section="scenes")
    # Unset, to refuse options that are given for drawings.
    options.add_fields(parser, SceneConfig, unset=True, section="scenes")
    options.add_job(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    if args.kind == "drawings":
        return output.conclude(args, _drawings(args))
    summary = _scenes(args)
    return output.conclude(args, summary, f"{summary.counts['objects']:,} objects", rows="scenes")


def _drawings(args: argparse.Namespace) -> Summary:
    from instancesketch.batch.synthesize import synth_drawings

    # The parser takes the options of scenes for drawings, too, where they would do nothing.
    given = options.given_options(ScenesConfig, args, own=True)
    if given := [*given, *options.given_options(SceneConfig, args)]:
        raise UserError(f"{given[0]} is for `synth scenes`")
    out = options.place(args.out, args.storage)
    config = options.from_args(DrawingsConfig, args, out=out)
    return synth_drawings(config, options.choose_runner(args))


def _scenes(args: argparse.Namespace) -> Summary:
    from instancesketch.batch.synthesize import synth_scenes

    out = options.place(args.out, args.storage)
    scene = options.from_args(SceneConfig, args)
    config = options.from_args(ScenesConfig, args, out=out, scene=scene)
    return synth_scenes(config, options.choose_runner(args))
