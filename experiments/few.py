"""Learning curves for few labelled drawings, over seeds; needs no Ray.

  python -m experiments.few category --data C/spg --category duck --out runs/few
  python -m experiments.few unsure --data C/doodle7-real --begin runs/generated --out runs/few

`category`: a new category, from weights of the other categories and from random ones, reported on
its official `valid`. `unsure`: a hundred labelled drawings, then a hundred more, either those that
the model is least certain of or random ones, reported on a fifth that is never trained on.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from experiments import spg20
from experiments.plain import BFLOAT16, Pool, own_names, read_corpus, train
from instancesketch.core import storage
from instancesketch.core.hashing import hash_bucket
from instancesketch.core.schema import from_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.segmenter import Segmenter
from instancesketch.metrics import evaluate
from instancesketch.models.config import SegmenterConfig
from instancesketch.models.packing import pack
from instancesketch.results.selection import least_certain
from instancesketch.training.config import SegmenterFitConfig

OTHERS = replace(spg20.RECIPE, epochs=12)
FEW = replace(OTHERS, batch_size=16)
# The architecture of the initial weights, which know no order of pairs.
UNSURE = SegmenterFitConfig(model=SegmenterConfig(), batch_size=32, bfloat16=BFLOAT16)
STEPS = 500  # for ten drawings as for hundreds
GENTLE = 5e-4  # learning rate for weights that were trained before
NUMBERS = (10, 50, 200, 585)
HUNDRED = 100
HELD_OUT = 20  # percent


def limit_steps(
    recipe: SegmenterFitConfig, number: int, seed: int, **values: Any
) -> SegmenterFitConfig:
    """Return a recipe with the number of epochs that makes `STEPS` steps of so few drawings."""
    epochs = math.ceil(STEPS / max(1, number // recipe.batch_size))
    return replace(recipe, epochs=epochs, seed=seed, **values)


def filter_rows(table: pa.Table, column: str, value: str) -> pa.Table:
    """Return the rows with a value in a column."""
    return table.filter(pa.array([v == value for v in table[column].to_pylist()]))


def evaluate_run(run: Path, truth: pa.Table) -> dict[str, float]:
    """Evaluate a model on labelled drawings with their categories given."""
    model, sketches = Segmenter.load(str(run)), from_table(truth)
    figures = evaluate(model.label(sketches, given_category=True), sketches, model.taxonomy).figures
    return {name: figures[name] for name in ("C", "P", "part_accuracy", "macro_f1")}


def learn_category(data: str, out: Path, own: str, seeds: int) -> dict[str, Any]:
    """Return figures by initial weights, number of drawings and seed."""
    table, whole = read_corpus(data), Taxonomy.load("spg20").to_dict()
    categories = whole["categories"]
    others = Taxonomy.from_dict(
        {"name": "others", "categories": {k: v for k, v in categories.items() if k != own}}
    )
    alone = Taxonomy.from_dict({"name": "own", "categories": {own: categories[own]}})
    rest = table.filter(pa.array([c != own for c in table["category"].to_pylist()]))
    batch = pack(filter_rows(rest, "split", "train"), others)
    initial = train(OTHERS, others, [Pool(batch, len(batch))], None, out / f"without-{own}")
    labelled = filter_rows(filter_rows(table, "category", own), "split", "train")
    truth = filter_rows(filter_rows(table, "category", own), "split", "valid")
    figures: dict[str, Any] = defaultdict(lambda: defaultdict(list))
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(len(labelled))
        for number in NUMBERS:
            few = pack(labelled.take(order[:number]), alone)
            pool, name = Pool(few, len(few)), f"{own}-{number}-{seed}"
            gentle = limit_steps(FEW, len(few), seed, learning_rate=GENTLE)
            tuned = train(gentle, alone, [pool], initial, out / f"{name}-others")
            scratch = train(
                limit_steps(FEW, len(few), seed), alone, [pool], None, out / f"{name}-nothing"
            )
            figures["from the others"][number].append(evaluate_run(tuned, truth))
            figures["from nothing"][number].append(evaluate_run(scratch, truth))
    return figures


def add_uncertain(data: str, out: Path, initial: Path, seeds: int) -> dict[str, Any]:
    """Return figures by the drawings added, number of drawings and seed."""
    taxonomy, table = Taxonomy.load("doodle7"), read_corpus(data)
    held_out = np.array([hash_bucket(name, "few") < HELD_OUT for name in own_names(table)])
    truth, rest = table.filter(pa.array(held_out)), table.filter(pa.array(~held_out))
    figures: dict[str, Any] = defaultdict(lambda: defaultdict(list))
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(len(rest))

        def fit(rows: pa.Table, name: str, seed: int = seed) -> Path:
            batch = pack(rows, taxonomy)
            recipe = limit_steps(UNSURE, len(batch), seed, learning_rate=GENTLE)
            run = out / f"{name}-{seed}"
            return train(recipe, taxonomy, [Pool(batch, len(batch))], initial, run)

        first, pool = rest.take(order[:HUNDRED]), rest.take(order[HUNDRED:])
        model = fit(first, "first")
        figures["the first"][HUNDRED].append(evaluate_run(model, truth))
        labelled = from_table(Segmenter.load(str(model)).label_table(pool))
        uncertain = {s.sketch_id for s in least_certain(labelled, HUNDRED, "the pool")}
        least = pool.filter(pa.array([i in uncertain for i in pool["sketch_id"].to_pylist()]))
        for name, added in (("least sure", least), ("any", pool.slice(0, HUNDRED))):
            run = fit(pa.concat_tables([first, added]), name.replace(" ", "-"))
            figures[name][2 * HUNDRED].append(evaluate_run(run, truth))
    return figures


def format_table(figures: dict[str, Any]) -> str:
    """Return a table of means over seeds, with their range in brackets."""
    lines = []
    for method, numbers in figures.items():
        for number, runs in numbers.items():
            cells = []
            for name in runs[0]:
                values = [run[name] for run in runs]
                cells.append(f"{name} {np.mean(values):.2f} ({min(values):.1f}-{max(values):.1f})")
            lines.append(f"{method:<16} {number:>5}  {'  '.join(cells)}")
    return "\n".join(lines)


def main() -> None:
    """Train what is left to train, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("category", "unsure"))
    parser.add_argument("--data", required=True, metavar="CORPUS", help="labelled drawings")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="all runs")
    parser.add_argument("--category", default="duck", metavar="C", help="the new category")
    parser.add_argument(
        "--begin", type=Path, metavar="RUN", help="weights trained on none of these"
    )
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0: all cores")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.what == "unsure" and args.begin is None:
        parser.error("unsure needs --begin")
    if args.what == "category":
        figures = learn_category(args.data, args.out, args.category, args.seeds)
    else:
        figures = add_uncertain(args.data, args.out, args.begin, args.seeds)
    storage.write_text(str(args.out / f"{args.what}.json"), json.dumps(figures, indent=2) + "\n")
    print(format_table(figures))


if __name__ == "__main__":
    main()
