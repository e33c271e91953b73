r"""Strokes over several parts: part accuracy with long unsure strokes cut into pieces, and without.

  python -m experiments.pieces --real C/doodle7-real --flags doodle7-real/flags.csv \
      --runs runs/default

The drawings of each fold are labelled by the fold's own models, of a run of `experiments.default`,
their categories given. Prints part accuracy of the strokes that are flagged as `mixed`, of the
others, and of all, and the differences with intervals of a bootstrap over drawings. Needs no Ray.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from experiments.corpora import FOLDS, held_out_masks
from experiments.plain import own_name, read_corpus
from instancesketch.core.schema import from_table
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.inference.segmenter import Segmenter

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def read_mixed(file: Path) -> set[tuple[str, int]]:
    """Return the strokes flagged as drawing several parts, as a drawing's name and an index."""
    with file.open(newline="", encoding="utf-8") as lines:
        return {(r["id"], int(r["stroke"])) for r in csv.DictReader(lines) if r["mixed"]}


def label(
    real: pa.Table, mixed: set[tuple[str, int]], runs: Path
) -> tuple[npt.NDArray[np.int64], Bools, Bools, Bools]:
    """Return each labelled stroke's drawing, its flag, and whether whole and cut are right."""
    rows = []
    for fold in range(FOLDS):
        table = real.filter(pa.array(held_out_masks(real)[f"fold-{fold}"]))
        source = str(runs / f"fold-{fold}" / "student")
        found = [
            from_table(
                Segmenter.load(source, cut_strokes=cut).label_table(table, given_category=True)
            )
            for cut in (False, True)
        ]
        for number, (truth, whole, pieces) in enumerate(
            zip(from_table(table), *found, strict=True)
        ):
            name = own_name(truth.sketch_id)
            parts = zip(truth.part or (), whole.part or (), pieces.part or (), strict=True)
            rows += [
                (number * FOLDS + fold, (name, i) in mixed, a == true, b == true)
                for i, (true, a, b) in enumerate(parts)
                if true != UNLABELED
            ]
    drawing, flagged, right, right_cut = (np.array(column) for column in zip(*rows, strict=True))
    return drawing, flagged, right, right_cut


def bootstrap(drawing: npt.NDArray[np.int64], change: Floats) -> Floats:
    """Return the interval of 95 % of the mean change, drawings drawn with repetition."""
    _, of = np.unique(drawing, return_inverse=True)
    sums, counts = np.bincount(of, change), np.bincount(of)
    rng, number = np.random.default_rng(0), len(counts)
    times = rng.multinomial(number, np.full(number, 1 / number), size=1_000)
    return np.percentile(times @ sums / (times @ counts), (2.5, 97.5))


def main() -> None:
    """Print a line of figures for flagged strokes, for the others, and for all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", required=True, metavar="CORPUS", help="labelled by hand")
    parser.add_argument("--flags", required=True, type=Path, metavar="CSV", help="id,stroke,mixed")
    parser.add_argument("--runs", required=True, type=Path, metavar="DIR", help="default's runs")
    args = parser.parse_args()
    drawing, mixed, whole, cut = label(read_corpus(args.real), read_mixed(args.flags), args.runs)
    for title, some in (("mixed", mixed), ("others", ~mixed), ("all", mixed | ~mixed)):
        change = 100.0 * (cut.astype(int) - whole)[some]
        low, high = bootstrap(drawing[some], change)
        before, after = 100 * whole[some].mean(), 100 * cut[some].mean()
        print(
            f"{title:8} {some.sum():6} strokes  {before:.2f} -> {after:.2f}  "
            f"{change.mean():+.2f} [{low:+.2f}, {high:+.2f}]"
        )


if __name__ == "__main__":
    main()
