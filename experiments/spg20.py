"""One segmenter for SPG's twenty categories: trained on official train, reported on valid.

  python -m experiments.spg20 --data C/spg --out runs/spg20 --ship shipped/spg20

The recipe was chosen on a tenth of train. Nothing is selected here: the last epoch is reported.
Needs no Ray.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import torch

from experiments.plain import BFLOAT16, Pool, read_corpus, train
from instancesketch.core.schema import from_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.segmenter import Segmenter
from instancesketch.metrics import evaluate, format_figures
from instancesketch.models import weights
from instancesketch.models.packing import pack
from instancesketch.training.config import SegmenterFitConfig

RECIPE = SegmenterFitConfig(epochs=80, bfloat16=BFLOAT16)


def main() -> None:
    """Train, report, and write weights as they ship."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, metavar="CORPUS", help="SPG, ingested")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="the run")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0: all cores")
    parser.add_argument("--ship", type=Path, metavar="DIR", help="write weights in half precision")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    taxonomy, table = Taxonomy.load("spg20"), read_corpus(args.data)
    split = table["split"].to_pylist()
    batch = pack(table.filter(pa.array([s == "train" for s in split])), taxonomy)
    recipe = replace(RECIPE, seed=args.seed)
    train(recipe, taxonomy, [Pool(batch, len(batch))], None, args.out)
    valid = from_table(table.filter(pa.array([s == "valid" for s in split])))
    model = Segmenter.load(str(args.out))
    given, predicted = (
        evaluate(model.label(valid, given_category=category), valid, taxonomy).figures
        for category in (True, False)
    )
    print(f"category given\n{format_figures(given)}\n")
    print(f"category predicted\n{format_figures(predicted)}")
    if args.ship:
        loaded = weights.load([str(args.out)], "segmenter")
        figures = {name: given[name] for name in ("C", "P", "part_accuracy", "macro_f1")}
        card = loaded.config | {"metrics": {"split": "official valid", **figures}}
        weights.save(str(args.ship / "segmenter"), loaded.tensors, card, half=True)


if __name__ == "__main__":
    main()
