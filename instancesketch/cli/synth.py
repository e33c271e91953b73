"""`instancesketch synth`: a corpus of procedural drawings, or of composed scenes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from instancesketch.cli import options
from instancesketch.core.errors import UserError

if TYPE_CHECKING:
    from instancesketch.batch.job import Summary

HELP = "make a labelled corpus of procedural drawings, or of scenes composed of drawings"
DESCRIPTION = """\
drawings: cars, clouds, flowers, suns, trees, four-legged and two-legged animals as a hand would
draw them, with part and instance of every stroke.

scenes: drawings put together as people do: some in the sky or on the ground, some on, in or in
front of others, with the object that each stroke draws. The drawings are those of the corpora
given with --from (of scenes, too: each of their objects is a drawing then), or made on the spot.
Nine scenes in ten are of split train and made of drawings of that split, the tenth is of split
valid and made of other drawings.

The same seed gives the same drawings and scenes on any machine.

  instancesketch synth drawings --number 10000 --seed 0 --out synth
  instancesketch synth scenes --number 1000 --out scenes
  instancesketch synth scenes --number 10000 --from synth quickdraw --out scenes --yolo images"""
_SCENES_ONLY = ("from", "yolo", "fewest", "most", "own_share", "hidden", "interleave")


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument("kind", choices=("drawings", "scenes"), help="what to make")
    parser.add_argument("--number", type=int, required=True, metavar="N", help="how many")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="(default: 0)")
    parser.add_argument("--out", required=True, metavar="CORPUS", help="the folder to make")
    scenes = parser.add_argument_group("scenes")
    scenes.add_argument(
        "--from",
        nargs="+",
        metavar="CORPUS",
        help="corpora to take drawings from (default: drawings made on the spot)",
    )
    scenes.add_argument(
        "--yolo",
        metavar="DIR",
        help="also write images and boxes to this folder, as Ultralytics reads them",
    )
    for name, kind, letter, text in (
        ("--fewest", int, "N", "objects of a scene, at least (default: 1)"),
        ("--most", int, "N", "objects of a scene, at most (default: 15)"),
        (
            "--own-share",
            float,
            "P",
            "share of objects of the seven categories that have parts; 1: nothing else "
            "(default: 0.35)",
        ),
        (
            "--hidden",
            float,
            "P",
            "share of overlaps of which the hidden lines are left out (default: 0.15)",
        ),
        (
            "--interleave",
            float,
            "P",
            "share of objects whose strokes are drawn in between those of others (default: 0)",
        ),
    ):
        scenes.add_argument(name, type=kind, metavar=letter, help=text)
    options.add_job(parser)


def run(args: argparse.Namespace) -> int:
    """Carries the verb out."""
    work: Callable[[argparse.Namespace], Summary] = _scenes if args.kind == "scenes" else _drawings
    summary = work(args)
    if args.kind == "drawings":
        return options.conclude(args, summary)
    return options.conclude(args, summary, f"{summary.counts['objects']:,} objects", rows="scenes")


def _drawings(args: argparse.Namespace) -> Summary:
    from instancesketch.batch.config import DrawingsConfig
    from instancesketch.batch.synthesize import synth_drawings

    for name in _SCENES_ONLY:
        if getattr(args, name) is not None:
            raise UserError(f"--{name.replace('_', '-')} is for `synth scenes`")
    return synth_drawings(
        DrawingsConfig(
            number=args.number,
            seed=args.seed,
            out=options.place(args.out, args.storage),
            workers=args.workers,
            quiet=args.quiet,
        )
    )


def _scenes(args: argparse.Namespace) -> Summary:
    from instancesketch.batch.config import ScenesConfig
    from instancesketch.batch.synthesize import synth_scenes
    from instancesketch.synth import SceneConfig

    given = {name: getattr(args, name) for name in _SCENES_ONLY[2:]}
    return synth_scenes(
        ScenesConfig(
            number=args.number,
            seed=args.seed,
            out=options.place(args.out, args.storage),
            sources=tuple(getattr(args, "from") or ()),
            yolo=args.yolo,
            scene=SceneConfig(**{k: v for k, v in given.items() if v is not None}),
            workers=args.workers,
            quiet=args.quiet,
        )
    )
