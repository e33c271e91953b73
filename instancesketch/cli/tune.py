"""`instancesketch tune`: search for the best values of a recipe."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from instancesketch.cli import options, output, train
from instancesketch.cli.parser import VerbParser
from instancesketch.core.model_kinds import MODEL_KINDS
from instancesketch.distributed.train.config import TrainConfig, check_data
from instancesketch.distributed.tune.config import TuneConfig, check_sweep

HELP = "search for the best values of a recipe"
DESCRIPTION = """\
Trains the segmenter or the refiner many times, each trial with other values of the recipe: learning
rate, weight decay, dropout, width, layers, heads, encoder, augmentation, weights of the
losses. Optuna chooses the values by the results of earlier trials, and ASHA stops trials that fall
behind. The first trial is the recipe itself and is never stopped, so the best is never worse.

  instancesketch tune segmenter --data corpus --run sweep --dry-run
  instancesketch tune segmenter --data corpus --run sweep
  instancesketch tune segmenter --data corpus --run small --set model.encoder=points --epochs 8
  instancesketch tune refiner --data corpus --run own --space own.toml --trials 40
  instancesketch tune segmenter --data corpus --run big --trials 100 --gpus-per-worker 1

Trials are compared by macro-F1 (a refiner's by grouping) of their best epoch, on the drawings that
`train` selects on: use these figures to choose, not to report.

The sweep is the folder RUNS/NAME: a run for each trial, trials.json and trials.csv with their
values and figures, the plots curves.svg and parameters.svg, and best.toml to train the best again:

  instancesketch train segmenter --config runs/sweep/best.toml --data corpus --run best --epochs 40

A trial that finished has its weights, too: `segment --weights RUNS/NAME/trial-03`. The table names
trials that failed, or whose values contradict each other. Run the same command again to continue
trials that haven't finished, or that failed for another reason than their values.

A file for --space has a line for each value to search, with the name that --set uses; a value that
--set fixes is not searched:

  learning_rate = { range = [1e-4, 1e-2], log = true }
  model.layers = { range = [2, 6] }
  model.width = { choices = [64, 128] }"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    # The others have no search space that ships.
    kinds = tuple(kind.name for kind in MODEL_KINDS.values() if kind.searchable)
    parser.add_argument("model", choices=kinds, help="what to train")
    options.add_fields(
        parser,
        TrainConfig,
        leave_out=("weights", "track"),  # trials start from scratch, and aren't tracked one by one
        parse={"workers": options.parse_worker_range},
    )
    train.add_recipe(parser)
    options.add_fields(parser, TuneConfig)
    parser.add_argument(
        "--space",
        metavar="FILE",
        help="TOML file with the values to search (default: a search space of the model kind)",
    )
    options.add_json(parser, "end with the summary as JSON instead of text")
    options.add_dry_run(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    from instancesketch.training.search_space import load

    space = load(args.model, args.space, args.recipe, train.recipe_changes(args))
    # The recipe of the first trial; every other trial changes the values of the space.
    run_config = options.from_args(TrainConfig, args, recipe=space.trial(space.base()))
    config = options.from_args(TuneConfig, args, train=run_config, space=space)
    # Before Ray and torch are imported, which takes seconds.
    check_sweep(config)
    check_data(run_config, run_config.taxonomy)
    if args.dry_run:
        from instancesketch.distributed.tune.plan import format_sweep_plan, plan_sweep

        return train.print_training_plan(args, plan_sweep(config), format_sweep_plan)
    from instancesketch.distributed.tune.tuner import tune

    summary = tune(config)
    if args.json:
        output.print_json(args, summary)
    else:
        _print_summary(summary, show_table=not args.quiet)
    return 0


def _print_summary(summary: Mapping[str, Any], show_table: bool) -> None:
    from instancesketch.core import storage
    from instancesketch.metrics.formatting import title_of
    from instancesketch.metrics.terminal import print_blocks
    from instancesketch.tracking.sweep import text_table

    figure, best = summary["figure"], summary["best"]
    # From the file, because the summary of a sweep has no more than its best and first trial.
    if show_table:
        table = storage.read_json(storage.join(summary["sweep"], "trials.json"))
        print_blocks([text_table(table, figure, best["trial"])])
    before = "finished before: " if summary.get("finished_before") else ""
    again = f" (the same command tries {n} again)" if (n := summary.get("again")) else ""
    first = "" if summary["first"] is None else f", the recipe itself {summary['first']:.2f}"
    print(
        # The best of many trials is partly luck, so its figures are too good to report.
        f"these figures are to choose by, on {summary['drawings']['select']:,} drawings "
        f"({summary['selection']}); report on other drawings"
    )
    print(
        f"tune: {before}{summary['trials']} trials, {summary['stopped_early']} stopped early, "
        f"{summary['failed']} failed{again}; best {best['trial']}, {title_of(figure)} "
        f"{best[figure]:.2f}{first} -> {storage.join(summary['sweep'], 'best.toml')}"
    )
