"""`instancesketch train`: train a model on a labelled corpus."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any

from instancesketch.cli import options, output
from instancesketch.cli.parser import VerbParser
from instancesketch.core.model_kinds import MODEL_KINDS
from instancesketch.distributed.train.config import (
    TrainConfig,
    TrainDetectorConfig,
    check,
    check_data,
)

HELP = "train a model on a labelled corpus"
DESCRIPTION = """\
Trains one of the models, on one machine or a Ray cluster:

  segmenter  predicts the part that each stroke draws
  refiner    splits the strokes of a part into instances, and predicts their sides
  grouper    groups the strokes of a scene into objects
  detector   finds boxes around the objects of a scene

The run is the folder RUNS/NAME: its config, metrics.jsonl, curves.svg, and at the end the weights
of the best epoch in a folder named after the model. `segment --weights RUNS/NAME` labels with them.
Run the same command again to continue after the last complete epoch.

  instancesketch train segmenter --data corpus --run first --dry-run
  instancesketch train segmenter --data corpus --run first
  instancesketch train segmenter --data corpus --run wide --set model.width=192 --set epochs=40
  instancesketch train refiner --data corpus --run second
  instancesketch train segmenter --data s3://bucket/corpus --run big --workers 8 --gpus-per-worker 1
  instancesketch train segmenter --data s3://bucket/corpus --run spot --workers 2-8
  instancesketch train grouper --data scenes --run objects
  instancesketch train detector --data scenes --run boxes
  instancesketch train detector --data scenes --run boxes --set image_size=640 --gpus-per-worker 1

The best epoch is chosen on drawings that are not trained on, by macro-F1 (a refiner's by grouping,
a grouper's by panoptic quality): on the split `valid` if there is also a split `test` to report
on, else on a tenth of `train`.

A grouper and a detector need scenes with object labels, such as `synth scenes` makes. A detector is
trained by one worker with Ultralytics (pip install 'instancesketch[yolo]'); its best epoch is
chosen by mAP on the split `valid`, or else on a tenth of `train`."""

# Figures of the best epoch to print, where it has them.
_FIGURES = ("macro_f1", "C", "category_accuracy", "grouping", "ari", "pq", "pq_named")


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument("model", choices=tuple(MODEL_KINDS), help="what to train")
    options.add_fields(parser, TrainConfig, parse={"workers": options.parse_worker_range})
    # None where it isn't given, since any number asks for a cluster.
    parser.set_defaults(workers=None)
    add_recipe(parser)
    options.add_json(parser, "end with the summary as JSON instead of text")
    options.add_dry_run(parser)


def add_recipe(parser: VerbParser) -> None:
    """Add the options that choose a recipe and change values of it."""
    parser.add_argument(
        "--recipe",
        default="default",
        metavar="R",
        help="default; gpu, for workers with a GPU each; or seed, the published recipe (default: "
        "default)",
    )
    for name, metavar, text in (
        ("--epochs", "N", "times to go through the drawings"),
        ("--batch-size", "N", "drawings per step, over all workers; with the recipe gpu, of each"),
        ("--seed", "S", "seed of all random choices"),
    ):
        # Recipes differ in these, so the options have no defaults of their own.
        text += " (default: the recipe's)"
        parser.add_argument(name, type=int, metavar=metavar, help=text)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        # Changes in a `--config` file and on the command line add up by this form.
        metavar=options.KEY_VALUE,
        help="change any value of the recipe, such as model.encoder=both or augment.rotate=30; "
        "can be given several times",
    )


def recipe_changes(args: argparse.Namespace) -> list[str]:
    """Return the changes to the recipe that the options ask for, each `key=value`."""
    named = {"epochs": args.epochs, "batch_size": args.batch_size, "seed": args.seed}
    # Of two changes of one value the later counts, so the options override `--set`.
    return [*args.set, *(f"{key}={value}" for key, value in named.items() if value is not None)]


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    # Ultralytics trains detectors, so their runs have a config of their own.
    return _train_detector(args) if args.model == "detector" else _train_network(args)


def _train_network(args: argparse.Namespace) -> int:
    from instancesketch.training.recipes import recipe

    chosen = recipe(args.model, args.recipe, recipe_changes(args), _model_config(args))
    config = options.from_args(TrainConfig, args, recipe=chosen)
    # Before torch is imported, which takes seconds.
    check(config)
    check_data(config, config.taxonomy)
    if args.dry_run:
        from instancesketch.distributed.train.plan import format_run_plan, plan_run

        return print_training_plan(args, plan_run(config), format_run_plan)
    from instancesketch.distributed.placement import is_cluster_asked_for
    from instancesketch.distributed.train.in_process import train_where_it_fits

    summary = train_where_it_fits(config, asks_for_cluster=is_cluster_asked_for(args.workers))
    return _conclude(args, summary, _selection_figures)


def _model_config(args: argparse.Namespace) -> Any:
    """Return the config of the network in the weights to initialise from; None without any."""
    # Weights fit only a network of their own shape, whatever the recipe's.
    if not args.weights:
        return None
    from instancesketch.distributed.train.resolve import inspect_starting_weights

    return inspect_starting_weights(args.weights, args.model)[0]


def _train_detector(args: argparse.Namespace) -> int:
    from instancesketch.core.errors import UserError
    from instancesketch.training.recipes import recipe

    if args.weights or args.selection != "auto":
        raise UserError(
            "a detector is trained from scratch and selects by itself: no --weights, --select"
        )
    # Ultralytics trains in one process here, so there is nothing to grow or shrink.
    if isinstance(args.workers, tuple):
        raise UserError("a detector is trained by one worker: --workers 1")
    config = options.from_args(
        TrainDetectorConfig,
        args,
        recipe=recipe("detector", args.recipe, recipe_changes(args)),
        taxonomy=args.taxonomy,  # the option is declared by `TrainConfig`
    )
    if args.dry_run:
        from instancesketch.distributed.train.plan import format_run_plan, plan_detector

        return print_training_plan(args, plan_detector(config), format_run_plan)
    from instancesketch.distributed.train.train_detector import train_detector

    return _conclude(args, train_detector(config), _detector_figures)


def print_training_plan(
    args: argparse.Namespace,
    plan: dict[str, Any],
    to_lines: Callable[[dict[str, Any]], list[str]],
) -> int:
    """Print the plan of a run or a sweep, for `--dry-run`."""
    # A plan is made from a finished recipe, which no longer has its name.
    plan = plan | {"recipe": args.recipe, "changes": recipe_changes(args)}
    return output.print_plan(args, plan, to_lines)


def _conclude(
    args: argparse.Namespace,
    summary: Mapping[str, Any],
    figures_text: Callable[[Mapping[str, Any]], str],
) -> int:
    if args.json:
        output.print_json(args, summary)
        return 0
    # Elsewhere the epochs are in the log already, one line each.
    if sys.stdout.isatty() and not args.quiet:
        _print_epochs(summary["run"])
    before = "finished before: " if summary.get("finished_before") else ""
    print(
        f"train: {before}epoch {summary['best_epoch']} of {summary['epochs']}, "
        f"{figures_text(summary)} -> {summary['run']}"
    )
    return 0


def _print_epochs(run: str) -> None:
    from instancesketch.metrics.terminal import print_blocks
    from instancesketch.tracking.metrics_log import read
    from instancesketch.tracking.status import epoch_table

    if lines := read(run):
        print_blocks([epoch_table(lines)])


def _selection_figures(summary: Mapping[str, Any]) -> str:
    from instancesketch.metrics.formatting import title_of

    best = summary["best"]
    names = [name for name in _FIGURES if best.get(name) is not None]
    if not names:  # without drawings to select on
        # Of the last epoch, which is then the best.
        return f"loss {best['loss']:.4f}"
    figures = ", ".join(f"{title_of(name)} {best[name]:.2f}" for name in names)
    return f"{figures} on {summary['drawings']['select']:,} drawings"


def _detector_figures(summary: Mapping[str, Any]) -> str:
    best, scenes = summary["best"], summary["scenes"]["select"]
    return f"mAP50 {best['map50']:.2f}, mAP50-95 {best['map']:.2f} on {scenes:,} scenes"
