r"""Two sets of weights, or two runs of the protocol on real drawings, with a paired bootstrap.

  python -m experiments.compare weights --data C/spg OLD NEW      # on SPG's official valid
  python -m experiments.compare folds --data C/doodle7-real runs/old runs/new

Needs no Ray.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from experiments import results
from experiments.plain import read_corpus
from instancesketch.core.schema import from_table
from instancesketch.inference.segmenter import Segmenter
from instancesketch.metrics import ScoredSketches, evaluate, paired_bootstrap

# What is compared -> its figures.
TOLD = ("C", "P", "part_accuracy", "macro_f1")
_UNTOLD = ("category_accuracy", "part_accuracy")
_FOLDS = {
    "given": ("part_accuracy", "macro_f1", "grouping", "sides"),
    "true": ("grouping", "ari"),
    "seven": _UNTOLD,
}
_Pairs = Iterator[tuple[str, Sequence[str], list[ScoredSketches]]]


def compare_weights(data: str, sources: Sequence[str]) -> _Pairs:
    """Yield the scores of each weights on the split `valid`, the category told and predicted."""
    table = read_corpus(data)
    table = table.filter(pa.array([s == "valid" for s in table["split"].to_pylist()]))
    models, truth = [Segmenter.load(source) for source in sources], from_table(table)
    for given in (True, False):
        scored = [
            evaluate(model.label(truth, given_category=given), truth, model.taxonomy).scored
            for model in models
        ]
        yield "given" if given else "predicted", TOLD if given else _UNTOLD, scored


def compare_folds(data: str, runs: Sequence[str]) -> _Pairs:
    """Yield the scores of each run's final models on the sets that both hold out, together.

    Sources that are left out are sets of their own.
    """
    truth = {s.sketch_id: s for s in from_table(read_corpus(data))}
    folders = [Path(run) for run in runs]
    done = [{p.parent.name for p in out.glob("*-*/student-true.parquet")} for out in folders]
    both = sorted(set.intersection(*done))
    folds = [name for name in both if name.startswith("fold-")]
    for names in filter(None, (folds, *([name] for name in both if name not in folds))):
        print(", ".join(names))
        for kind, figures in _FOLDS.items():
            scored = [results.evaluate_files(out, names, "student", kind, truth) for out in folders]
            yield kind, figures, scored


def main(argv: Sequence[str] | None = None) -> None:
    """Print a line for each figure: of the first, of the second, and their difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["weights", "folds"])
    parser.add_argument("two", nargs=2, metavar="OLD NEW", help="weights, or folders of runs")
    parser.add_argument("--data", required=True, metavar="CORPUS")
    parser.add_argument("--samples", type=int, default=1_000, metavar="N", help="of the bootstrap")
    args = parser.parse_args(argv)
    pairs = compare_weights if args.what == "weights" else compare_folds
    for given, names, (first, second) in pairs(args.data, args.two):
        old, new = first.figures(), second.figures()
        for name in names:
            _, low, high = paired_bootstrap(first, second, figure=name, samples=args.samples)
            print(
                f"{given:10} {name:18} {old[name]:.2f} -> {new[name]:.2f}  "
                f"{new[name] - old[name]:+.2f} [{low:+.2f}, {high:+.2f}]",
                flush=True,
            )


if __name__ == "__main__":
    main()
