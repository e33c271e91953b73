"""`instancesketch train`: weights from a labelled corpus."""

from __future__ import annotations

import argparse
from typing import Any

from instancesketch.cli import options

HELP = "train a model on a labelled corpus"
DESCRIPTION = """\
Trains the segmenter, which says what part each stroke draws, or the refiner, which says which
instance of that part, on one machine or a Ray cluster; or for scenes the grouper, which says which
strokes draw one object, and the detector, which finds boxes around objects. The run is the folder
RUNS/NAME: its settings, metrics.jsonl, curves.svg, and in the end a folder with the model's name
and the best epoch's weights, which `segment --weights RUNS/NAME` takes. The same command run again
goes on after the last whole epoch.

  instancesketch train segmenter --data corpus --run first --dry-run
  instancesketch train segmenter --data corpus --run first
  instancesketch train segmenter --data corpus --run wide --set model.width=192 --set epochs=40
  instancesketch train refiner --data corpus --run second
  instancesketch train segmenter --data s3://bucket/corpus --run big --workers 8 --gpus-per-worker 1
  instancesketch train segmenter --data s3://bucket/corpus --run spot --workers 2-8
  instancesketch train grouper --data scenes --run objects
  instancesketch train detector --data scenes --run boxes
  instancesketch train detector --data scenes --run boxes --set image_size=640 --gpus-per-worker 1

The best epoch is chosen on drawings that are not trained on, by macro-F1 (by grouping for a
refiner, by panoptic quality for a grouper): the split `valid` where there is a `test` left to
report on, else a tenth of `train`.

A grouper and a detector learn from scenes that say which object each stroke draws, such as
`synth scenes` makes. A detector is trained by one worker with Ultralytics (pip install
'instancesketch[yolo]'); its best epoch is chosen by mAP on the split `valid`, or else on a
tenth."""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument(
        "model", choices=("segmenter", "refiner", "grouper", "detector"), help="what to train"
    )
    add_run(parser)
    parser.add_argument(
        "--track",
        choices=("clearml",),
        help="report to ClearML, too (pip install 'instancesketch[clearml]'); what TensorBoard "
        "reads is always there, in RUNS/NAME/tensorboard",
    )
    parser.add_argument(
        "--weights",
        nargs="+",
        action="extend",
        default=[],
        metavar="W",
        help="start from these instead of chance",
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    """Adds what a run, and a sweep of runs, is told: its data, its recipe, its place and means."""
    parser.add_argument(
        "--data",
        required=True,
        nargs="+",
        action="extend",
        metavar="CORPUS",
        help="labelled corpora",
    )
    parser.add_argument("--run", required=True, metavar="NAME", dest="run_name", help="its name")
    parser.add_argument(
        "--taxonomy",
        metavar="T",
        help="categories and parts: doodle7, spg20 or a TOML file (default: the one that ships and "
        "knows most of the drawings; doodle7 for scenes)",
    )
    parser.add_argument(
        "--recipe", default="default", metavar="R", help="default, or seed: the published one"
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="times to go through the drawings")
    parser.add_argument("--batch-size", type=int, metavar="N", help="drawings a step")
    parser.add_argument("--seed", type=int, metavar="S", help="the seed of all chance")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar=options.CHANGE,
        help="change any value of the recipe, such as model.encoder=both or augment.rotate=30",
    )
    parser.add_argument(
        "--select",
        choices=("auto", "valid", "tenth", "none"),
        default="auto",
        help="what chooses the best epoch (none: the last one is taken)",
    )
    parser.add_argument(
        "--workers",
        type=_workers,
        default=1,
        metavar="N",
        help="training workers (default: 1); 2-8: at least two, up to eight while there is room, "
        "from an epoch's start on",
    )
    parser.add_argument(
        "--gpus-per-worker", type=float, default=0.0, metavar="G", help="(default: 0, on CPUs)"
    )
    parser.add_argument(
        "--storage", default="runs", metavar="RUNS", help="folder or URI of runs (default: runs)"
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    options.add_json(parser, "end with the summary as JSON in place of words")
    options.add_dry_run(parser)


def _workers(text: str) -> int | tuple[int, int]:
    """`2`, or `1-2` for from one to two."""
    least, dash, most = text.partition("-")
    if not (least.isdecimal() and (most.isdecimal() or not dash)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a number, such as 2, nor a range, 1-2"
        )
    return (int(least), int(most)) if dash else int(least)


def run(args: argparse.Namespace) -> int:
    """Carries the verb out."""
    if args.model == "detector":
        return _run_detector(args)
    from instancesketch.distributed.train.config import TrainConfig
    from instancesketch.distributed.train.run_training import train
    from instancesketch.metrics.formatting import title_of
    from instancesketch.training.recipes import recipe

    config = TrainConfig(
        data=tuple(args.data),
        run=args.run_name,
        recipe=recipe(args.model, args.recipe, changes(args), _shape(args)),
        storage=args.storage,
        taxonomy=args.taxonomy,
        weights=tuple(args.weights),
        selection=args.select,
        workers=args.workers,
        gpus_per_worker=args.gpus_per_worker,
        track=args.track,
        quiet=args.quiet,
    )
    if args.dry_run:
        from instancesketch.distributed.plan_training import plan_run

        return show_plan(args, plan_run(config))
    summary = train(config)
    if args.json:
        options.print_json(args, summary)
        return 0
    before = "finished before: " if summary.get("finished_before") else ""
    figures = summary["best"]
    drawings = f"{summary['drawings']['select']:,} drawings"
    names = ("macro_f1", "C", "grouping", "ari", "pq", "pq_seven")
    shown = [f"{title_of(n)} {figures[n]:.2f}" for n in names if figures.get(n) is not None]
    chosen = f"{', '.join(shown)} on {drawings}" if shown else f"loss {figures['loss']:.4f}"
    print(
        f"train: {before}epoch {summary['best_epoch']} of {summary['epochs']}, {chosen} "
        f"-> {summary['run']}"
    )
    return 0


def _shape(args: argparse.Namespace) -> Any:
    """The model's shape that the weights to start from have; None without any."""
    if not args.weights:
        return None
    from instancesketch.distributed.train.resolve import starting_weights

    return starting_weights(args.weights, args.model)[0]


def changes(args: argparse.Namespace) -> list[str]:
    """What the options change in the recipe."""
    named = {"epochs": args.epochs, "batch_size": args.batch_size, "seed": args.seed}
    return [*args.set, *(f"{key}={value}" for key, value in named.items() if value is not None)]


def show_plan(args: argparse.Namespace, plan: dict[str, Any]) -> int:
    """Prints what a run or a sweep would do, for `--dry-run`."""
    from instancesketch.distributed.plan_training import in_words

    told = plan | {"recipe": args.recipe, "changes": changes(args)}
    return options.show_plan(args, told, in_words)


def _run_detector(args: argparse.Namespace) -> int:
    from instancesketch.core.errors import UserError
    from instancesketch.distributed.train.config import TrainDetectorConfig
    from instancesketch.distributed.train.train_detector import train_detector
    from instancesketch.training.recipes import detector_recipe

    if args.weights or args.select != "auto":
        raise UserError(
            "a detector starts from chance and selects by itself: no --weights, --select"
        )
    if isinstance(args.workers, tuple):
        raise UserError("a detector is trained by one worker: --workers 1")
    config = TrainDetectorConfig(
        data=tuple(args.data),
        run=args.run_name,
        recipe=detector_recipe(args.recipe, changes(args)),
        storage=args.storage,
        taxonomy=args.taxonomy or "doodle7",
        workers=args.workers,
        gpus_per_worker=args.gpus_per_worker,
        track=args.track,
        quiet=args.quiet,
    )
    if args.dry_run:
        from instancesketch.distributed.plan_training import plan_detector

        return show_plan(args, plan_detector(config))
    summary = train_detector(config)
    if args.json:
        options.print_json(args, summary)
        return 0
    before = "finished before: " if summary.get("finished_before") else ""
    print(
        f"train: {before}epoch {summary['best_epoch']} of {summary['epochs']}, "
        f"mAP50 {summary['best']['map50']:.2f}, mAP50-95 {summary['best']['map']:.2f} "
        f"on {summary['scenes']['select']:,} scenes -> {summary['run']}"
    )
    return 0
