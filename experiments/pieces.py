r"""Strokes over several parts: which are found, and part accuracy with and without their pieces.

  python -m experiments.pieces --real C/doodle7-real --flags doodle7-real/flags.csv \
      --runs runs/default

The drawings of each fold are labelled by the fold's own models, of a run of `experiments.default`,
their categories given. Prints part accuracy of the strokes that are flagged as `mixed`, of the
others, and of all, and the differences with intervals of a bootstrap over drawings; then how many
of the strokes found to be of several parts are flagged (precision) and how many of those flagged
are found (recall), on the folds that the rule was chosen on and on the others. The last line has
part accuracy of those found, as a whole and by the part of their longest piece. Needs no Ray.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from experiments.corpora import FOLDS, held_out_masks
from experiments.plain import own_name, read_corpus
from instancesketch.core.schema import from_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import split_points
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.inference.segmenter import Segmenter

CHOSEN_ON = 2  # folds, the first, that say what a change of part costs along a stroke
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Strokes(NamedTuple):
    """The strokes of drawings that are labelled by hand."""

    fold: Ints
    drawing: Ints
    flagged: Bools  # as drawing several parts
    right: Bools
    right_cut: Bools  # with long strokes cut
    found: Bools  # to be of several parts
    right_longest: Bools  # the part of the longest piece, if there are any


def read_mixed(file: Path) -> set[tuple[str, int]]:
    """Return the strokes flagged as drawing several parts, as a drawing's name and an index."""
    with file.open(newline="", encoding="utf-8") as lines:
        return {(r["id"], int(r["stroke"])) for r in csv.DictReader(lines) if r["mixed"]}


def label(real: pa.Table, mixed: set[tuple[str, int]], runs: Path) -> Strokes:
    """Label each fold's drawings with long strokes cut and without, and compare with the truth."""
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
        for number, (truth, whole, cut) in enumerate(zip(from_table(table), *found, strict=True)):
            name = own_name(truth.sketch_id)
            parts = zip(truth.part or (), whole.part or (), cut.part or (), strict=True)
            longest = longest_parts(cut)
            rows += [
                (
                    fold, number * FOLDS + fold, (name, i) in mixed, a == t, b == t,
                    i in longest, longest.get(i) == t,
                )
                for i, (t, a, b) in enumerate(parts)
                if t != UNLABELED
            ]  # fmt: skip
    return Strokes(*(np.array(column) for column in zip(*rows, strict=True)))


def longest_parts(sketch: Sketch) -> dict[int, str]:
    """Return the part of the longest piece of each stroke that has pieces, by its index."""
    found = {}
    for i, (points, pieces) in enumerate(
        zip(sketch.to_strokes(), sketch.pieces or (), strict=False)
    ):
        if pieces is not None:
            lines = split_points(points, pieces)
            lengths = [np.hypot(*np.diff(line, axis=0).T).sum() for line in lines]
            found[i] = pieces[int(np.argmax(lengths))].part
    return found


def bootstrap(drawing: Ints, change: Floats) -> Floats:
    """Return the interval of 95 % of the mean change, drawings drawn with repetition."""
    _, of = np.unique(drawing, return_inverse=True)
    sums, counts = np.bincount(of, change), np.bincount(of)
    rng, number = np.random.default_rng(0), len(counts)
    times = rng.multinomial(number, np.full(number, 1 / number), size=1_000)
    return np.percentile(times @ sums / (times @ counts), (2.5, 97.5))


def print_accuracy(title: str, strokes: Strokes, some: Bools) -> None:
    """Print part accuracy of some strokes without pieces and with them."""
    change = 100.0 * (strokes.right_cut.astype(int) - strokes.right)[some]
    low, high = bootstrap(strokes.drawing[some], change)
    before, after = 100 * strokes.right[some].mean(), 100 * strokes.right_cut[some].mean()
    print(
        f"{title:8} {some.sum():6} strokes  {before:.2f} -> {after:.2f}  "
        f"{change.mean():+.2f} [{low:+.2f}, {high:+.2f}]"
    )


def print_found(title: str, strokes: Strokes, some: Bools) -> None:
    """Print how well the flagged ones are found among some strokes."""
    found, flagged = strokes.found & some, strokes.flagged & some
    both = (found & flagged).sum()
    precision, recall = 100 * both / found.sum(), 100 * both / flagged.sum()
    print(
        f"{title:12} {found.sum():5} found, {flagged.sum():5} flagged  precision {precision:.1f}  "
        f"recall {recall:.1f}  F1 {200 * both / (found.sum() + flagged.sum()):.1f}"
    )


def main() -> None:
    """Print a line of figures for flagged strokes, for the others, and for all; then how many of
    the flagged are found.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", required=True, metavar="CORPUS", help="labelled by hand")
    parser.add_argument("--flags", required=True, type=Path, metavar="CSV", help="id,stroke,mixed")
    parser.add_argument("--runs", required=True, type=Path, metavar="DIR", help="default's runs")
    args = parser.parse_args()
    strokes = label(read_corpus(args.real), read_mixed(args.flags), args.runs)
    flagged = strokes.flagged
    for title, some in (("mixed", flagged), ("others", ~flagged), ("all", flagged | ~flagged)):
        print_accuracy(title, strokes, some)
    chosen = strokes.fold < CHOSEN_ON
    print_found("chosen on", strokes, chosen)
    print_found("other folds", strokes, ~chosen)
    right, longest = (
        100 * some[strokes.found].mean() for some in (strokes.right_cut, strokes.right_longest)
    )
    print(f"found ones: {right:.1f} right as a whole, {longest:.1f} by their longest piece")


if __name__ == "__main__":
    main()
