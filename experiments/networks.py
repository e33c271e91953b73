r"""Cheaper segmenters beside the one of four layers on convolutions: accuracy and arithmetic.

  python -m experiments.networks --spg C/spg --real C/doodle7-real --out runs/networks

Every network is trained on SPG's `train` less a hash tenth and measured on that tenth, and trained
on the real drawings of all folds but one and measured on that one, each over some seeds. What is
reported elsewhere, SPG's `valid` and the other folds, is not read. Every step leaves a file, and is
skipped where the file exists. Needs no Ray.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pyarrow as pa
import torch
from torch.utils.flop_counter import FlopCounterMode

from experiments.corpora import Data
from experiments.plain import BFLOAT16, Pool, read_corpus, train
from instancesketch.core.hashing import hash_bucket
from instancesketch.core.schema import from_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.segmenter import Segmenter
from instancesketch.metrics import ScoredSketches, evaluate, paired_bootstrap
from instancesketch.models.config import SegmenterConfig
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import pack
from instancesketch.models.segmenter import SegmenterNet
from instancesketch.training.config import SegmenterFitConfig

BASE = "convolutions, 4 layers"
_PATCHES = SegmenterConfig(encoder="patches", pair_order=True)
_THREE = replace(_PATCHES, layers=3)
NETWORKS = {
    BASE: SegmenterConfig(pair_order=True),
    "patches, 4 layers": _PATCHES,
    "patches, 3 layers": _THREE,
    "patches of 8, 3 layers": replace(_THREE, channels=(128, 128, 128)),
    "16 samples, 4 layers": replace(_PATCHES, samples=16, channels=(128, 128, 128)),
    "16 samples, 3 layers": replace(_THREE, samples=16, channels=(128, 128, 128)),
    "16 samples, 3 layers, feedforward 384": replace(
        _THREE, samples=16, channels=(128, 128, 128), feedforward=384
    ),
    "16 samples, 2 layers, feedforward 512": replace(
        _THREE, samples=16, channels=(128, 128, 128), layers=2, feedforward=512
    ),
    "16 samples, 3 layers, no edges": replace(
        _THREE, samples=16, channels=(128, 128, 128), edges=0
    ),
    "patches, 4 layers, width 96": replace(_PATCHES, width=96),
}
_FIGURES = ("C", "P", "part_accuracy", "macro_f1")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Drawings to train on, and those that are measured."""

    name: str
    taxonomy: Taxonomy
    train: pa.Table
    held_out: pa.Table
    epochs: int


def read_trials(spg: str, real: str, epochs: int) -> list[Trial]:
    """Return the two that networks are chosen by: a tenth of SPG's `train`, one fold."""
    table = read_corpus(spg)
    table = table.filter(pa.array([s == "train" for s in table["split"].to_pylist()]))
    tenth = np.array([hash_bucket(i, "tenth") < 10 for i in table["sketch_id"].to_pylist()])
    drawings = read_corpus(real)
    fold = Data(real=real).held_out_masks()["fold-0"]
    return [
        Trial(
            name=name,
            taxonomy=Taxonomy.load(taxonomy),
            train=rows.filter(pa.array(~held)),
            held_out=rows.filter(pa.array(held)),
            epochs=number,
        )
        for name, taxonomy, rows, held, number in (
            ("tenth", "spg20", table, tenth, epochs),
            # A ninth of the drawings, so that more epochs take less time.
            ("fold-0", "doodle7", drawings, fold, round(2.5 * epochs)),
        )
    ]


def run_trial(trial: Trial, network: str, seed: int, out: Path) -> tuple[ScoredSketches, ...]:
    """Train a network unless that is done; return what it labels, category told and untold."""
    folder = out / trial.name / f"{network.replace(', ', '-').replace(' ', '-')}-{seed}"
    recipe = SegmenterFitConfig(
        model=NETWORKS[network], epochs=trial.epochs, seed=seed, bfloat16=BFLOAT16
    )
    if not folder.exists():
        batch = pack(trial.train, trial.taxonomy)
        train(recipe, trial.taxonomy, [Pool(batch, len(batch))], None, folder)
    model, truth = Segmenter.load(str(folder)), from_table(trial.held_out)
    told, untold = (
        evaluate(model.label(truth, given_category=given), truth, trial.taxonomy).scored
        for given in (True, False)
    )
    return told, untold


def count_multiply_adds(network: str, trial: Trial) -> dict[str, int]:
    """Return the multiply-adds of a stroke in the encoder and in the Transformer."""
    batch = pack(trial.held_out, trial.taxonomy, labels=False)
    net, features = SegmenterNet(NETWORKS[network], trial.taxonomy).eval(), StrokeFeatures.of(batch)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        for _, _, bucket in features.buckets():
            net(bucket, bucket.batch.category_N)
    counts = counter.get_flop_counts()
    return {
        name: sum(counts[f"SegmenterNet.{name}"].values()) // 2 // batch.layout.strokes
        for name in ("encoder", "transformer")
    }


def report(trials: Sequence[Trial], networks: Sequence[str], seeds: int, out: Path) -> None:
    """Train what is left, and print a line for each network and trial."""
    for trial in trials:
        print(f"\n{trial.name}: {trial.epochs} epochs, {seeds} seeds, bfloat16 {BFLOAT16}")
        base = [run_trial(trial, BASE, seed, out) for seed in range(seeds)]
        for network in networks:
            runs = base
            if network != BASE:
                runs = [run_trial(trial, network, seed, out) for seed in range(seeds)]
            cost = count_multiply_adds(network, trial)
            cells = [f"{name} {number:,}" for name, number in cost.items()]
            for name in _FIGURES:
                values = [told.figures()[name] for told, _ in runs]
                spread = f" ± {stdev(values):.2f}" if seeds > 1 else ""
                cells.append(f"{name} {mean(values):.2f}{spread}")
            right = mean(untold.figures()["category_accuracy"] for _, untold in runs)
            untold = mean(untold.figures()["part_accuracy"] for _, untold in runs)
            cells += [f"category {right:.2f}", f"untold {untold:.2f}"]
            if network != BASE:
                gains = [
                    paired_bootstrap(old[i], new[i], figure="part_accuracy", samples=500)
                    for old, new in zip(base, runs, strict=True)
                    for i in (0, 1)
                ]
                for told, pairs in (("told", gains[::2]), ("untold", gains[1::2])):
                    low, high = (mean(pair[i] for pair in pairs) for i in (1, 2))
                    gain = mean(pair[0] for pair in pairs)
                    cells.append(f"{told} over {BASE}: {gain:+.2f} [{low:+.2f}, {high:+.2f}]")
            print(f"{network}: " + "; ".join(cells), flush=True)


def main() -> None:
    """Read the corpora, and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spg", required=True, metavar="CORPUS", help="SPG, ingested")
    parser.add_argument("--real", required=True, metavar="CORPUS", help="labelled by hand")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="the runs")
    parser.add_argument("--epochs", type=int, default=10, metavar="N", help="on SPG (10)")
    parser.add_argument("--seeds", type=int, default=2, metavar="N", help="per network (2)")
    parser.add_argument("--on", nargs="*", default=["tenth", "fold-0"], choices=["tenth", "fold-0"])
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="networks")
    args = parser.parse_args()
    torch.set_num_threads(1)
    networks = [n for n in NETWORKS if not args.only or n in args.only]
    trials = [t for t in read_trials(args.spg, args.real, args.epochs) if t.name in args.on]
    report(trials, networks, args.seeds, args.out)


if __name__ == "__main__":
    main()
