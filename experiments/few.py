"""What few labelled drawings are good for, as learning curves over seeds; needs no Ray.

  python -m experiments.few category --data C/spg --category duck --out runs/few
  python -m experiments.few unsure --data C/doodle7-real --begin runs/generated --out runs/few

`category`: a category of one's own, from weights that never saw it and from nothing, reported on
its official `valid`. `unsure`: a hundred labelled drawings, then a hundred more that the model is
least sure of, or any hundred, reported on a fifth that is never trained on.
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
from experiments.plain import BFLOAT16, Pool, read, train
from instancesketch.core import storage
from instancesketch.core.hashing import hash_bucket
from instancesketch.core.schema import from_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.segmenter import Segmenter
from instancesketch.metrics import evaluate
from instancesketch.models.config import SegmenterConfig
from instancesketch.models.packing import pack
from instancesketch.results.export import least_certain
from instancesketch.training.config import SegmenterFitConfig

OTHERS = replace(spg20.RECIPE, epochs=12)
FEW = replace(OTHERS, batch_size=16)
# As those weights are, which know no order of pairs.
UNSURE = SegmenterFitConfig(model=SegmenterConfig(), batch_size=32, bfloat16=BFLOAT16)
# As many steps for ten drawings as for hundreds, and smaller ones for what has learned before.
STEPS = 500
GENTLE = 5e-4
NUMBERS = (10, 50, 200, 585)
HUNDRED = 100
HELD_OUT = 20  # percent


def short(recipe: SegmenterFitConfig, number: int, seed: int, **values: Any) -> SegmenterFitConfig:
    """The recipe with as many epochs of so many drawings as make the steps."""
    epochs = math.ceil(STEPS / max(1, number // recipe.batch_size))
    return replace(recipe, epochs=epochs, seed=seed, **values)


def picked(table: pa.Table, column: str, value: str) -> pa.Table:
    """The rows that have a value."""
    return table.filter(pa.array([v == value for v in table[column].to_pylist()]))


def figures_of(run: Path, truth: pa.Table) -> dict[str, float]:
    """How a model does on labelled drawings, their categories given."""
    model, sketches = Segmenter.load(str(run)), from_table(truth)
    found = evaluate(model.label(sketches, given_category=True), sketches, model.taxonomy).figures
    return {name: found[name] for name in ("C", "P", "part_accuracy", "macro_f1")}


def category(data: str, out: Path, own: str, seeds: int) -> dict[str, Any]:
    """Figures by way, number of drawings and seed."""
    table, whole = read(data), Taxonomy.load("spg20").to_dict()
    kinds = whole["categories"]
    others = Taxonomy.from_dict(
        {"name": "others", "categories": {k: v for k, v in kinds.items() if k != own}}
    )
    mine = Taxonomy.from_dict({"name": "own", "categories": {own: kinds[own]}})
    rest = table.filter(pa.array([c != own for c in table["category"].to_pylist()]))
    batch = pack(picked(rest, "split", "train"), others)
    begin = train(OTHERS, others, [Pool(batch, len(batch))], None, out / f"without-{own}")
    labelled = picked(picked(table, "category", own), "split", "train")
    truth = picked(picked(table, "category", own), "split", "valid")
    found: dict[str, Any] = defaultdict(lambda: defaultdict(list))
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(len(labelled))
        for number in NUMBERS:
            few = pack(labelled.take(order[:number]), mine)
            pool, name = Pool(few, len(few)), f"{own}-{number}-{seed}"
            gentle = short(FEW, len(few), seed, learning_rate=GENTLE)
            after = train(gentle, mine, [pool], begin, out / f"{name}-others")
            alone = train(short(FEW, len(few), seed), mine, [pool], None, out / f"{name}-nothing")
            found["from the others"][number].append(figures_of(after, truth))
            found["from nothing"][number].append(figures_of(alone, truth))
    return found


def unsure(data: str, out: Path, begin: Path, seeds: int) -> dict[str, Any]:
    """Figures by what was added, number of drawings and seed."""
    taxonomy, table = Taxonomy.load("doodle7"), read(data)
    held = np.array([hash_bucket(i, "few") < HELD_OUT for i in table["sketch_id"].to_pylist()])
    truth, rest = table.filter(pa.array(held)), table.filter(pa.array(~held))
    found: dict[str, Any] = defaultdict(lambda: defaultdict(list))
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(len(rest))

        def fitted(rows: pa.Table, name: str, seed: int = seed) -> Path:
            batch = pack(rows, taxonomy)
            recipe = short(UNSURE, len(batch), seed, learning_rate=GENTLE)
            run = out / f"{name}-{seed}"
            return train(recipe, taxonomy, [Pool(batch, len(batch))], begin, run)

        first, pool = rest.take(order[:HUNDRED]), rest.take(order[HUNDRED:])
        model = fitted(first, "first")
        found["the first"][HUNDRED].append(figures_of(model, truth))
        labelled = from_table(Segmenter.load(str(model)).label_table(pool))
        wanted = {s.sketch_id for s in least_certain(labelled, HUNDRED, "the pool")}
        least = pool.filter(pa.array([i in wanted for i in pool["sketch_id"].to_pylist()]))
        for name, added in (("least sure", least), ("any", pool.slice(0, HUNDRED))):
            run = fitted(pa.concat_tables([first, added]), name.replace(" ", "-"))
            found[name][2 * HUNDRED].append(figures_of(run, truth))
    return found


def report(found: dict[str, Any]) -> str:
    """A table of means over seeds, and in brackets how far the seeds lie apart."""
    lines = []
    for way, numbers in found.items():
        for number, runs in numbers.items():
            cells = []
            for name in runs[0]:
                values = [run[name] for run in runs]
                cells.append(f"{name} {np.mean(values):.2f} ({min(values):.1f}-{max(values):.1f})")
            lines.append(f"{way:<16} {number:>5}  {'  '.join(cells)}")
    return "\n".join(lines)


def main() -> None:
    """Trains what is left to train, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("category", "unsure"))
    parser.add_argument("--data", required=True, metavar="CORPUS", help="labelled drawings")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="all runs")
    parser.add_argument("--category", default="duck", metavar="C", help="of one's own")
    parser.add_argument("--begin", type=Path, metavar="RUN", help="weights that saw none of these")
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0: all cores")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.what == "unsure" and args.begin is None:
        parser.error("unsure needs --begin")
    if args.what == "category":
        found = category(args.data, args.out, args.category, args.seeds)
    else:
        found = unsure(args.data, args.out, args.begin, args.seeds)
    storage.write_text(str(args.out / f"{args.what}.json"), json.dumps(found, indent=2) + "\n")
    print(report(found))


if __name__ == "__main__":
    main()
