"""Tables of the protocol on real drawings, from its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.plain import own_name
from instancesketch.core import storage
from instancesketch.core.schema import from_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics import ScoredSketches, evaluate, paired_bootstrap

# Method -> folders of its weights; later ones win.
METHODS: Mapping[str, Sequence[str]] = {
    "alone": ("student", "alone"),
    "teacher": ("student", "teacher"),
    "student": ("student",),
    "k-means": ("student", "k-means"),
}
TITLES = {
    "alone": "real drawings alone",
    "teacher": "+ generated drawings",
    "student": "+ self-training",
    "touching": "refiner: strokes that touch",
    "k-means": "refiner: published, two means",
}


class Results:
    """Results of all methods, and the truth, over the drawings held out."""

    def __init__(self, out: Path, real: pa.Table, taxonomy: Taxonomy) -> None:
        self.out, self.taxonomy = out, taxonomy
        self.truth = {s.sketch_id: s for s in from_table(real)}

    def has(self, names: Sequence[str], method: str, given: str) -> bool:
        """Return whether a method labelled all these sets, with categories or parts `given`."""
        return all((self.out / name / f"{method}-{given}.parquet").exists() for name in names)

    def evaluate(
        self, names: Sequence[str], method: str, given: str, source: str = ""
    ) -> ScoredSketches:
        """Evaluate a method on all these sets together, on one source or on all."""
        labelled: list[Sketch] = []
        for name in names:
            table = pq.read_table(self.out / name / f"{method}-{given}.parquet")
            labelled += [s for s in from_table(table) if own_name(s.sketch_id).startswith(source)]
        truth = [self.truth[s.sketch_id] for s in labelled]
        return evaluate(labelled, truth, self.taxonomy).scored


def report(out: Path, real: pa.Table, names: Sequence[str], taxonomy: Taxonomy) -> str:
    """Return all tables as text, and write their figures to `figures.json`."""
    results = Results(out, real, taxonomy)
    folds = [n for n in names if n.startswith("fold-")]
    sources = [n for n in names if n.startswith("source-")]
    saved: dict[str, Any] = {"folds": {}, "per_source": {}, "left_out": {}}
    lines = [f"Five folds, pooled\n{_head('given category')}"]
    for method in TITLES:
        if results.has(folds, method, "given"):
            row = figures(results, folds, method)
            saved["folds"][method] = row
            lines.append(_line(TITLES[method], row))
    lines += ["", _head("per source")]
    for name in sources if results.has(folds, "student", "given") else ():
        source = name.removeprefix("source-")
        saved["per_source"][source] = figures(results, folds, "student", source)
        lines.append(_line(source, saved["per_source"][source]))
    lines += ["", _head("a source left out")]
    for name in sources:
        for method in ("teacher", "student"):
            if results.has([name], method, "given"):
                row = figures(results, [name], method)
                saved["left_out"].setdefault(name.removeprefix("source-"), {})[method] = row
                lines.append(_line(f"{name.removeprefix('source-')}, {TITLES[method]}", row))
    lines += ["", *differences(results, folds)]
    storage.write_json(str(out / "figures.json"), saved)
    return "\n".join(lines)


def figures(
    results: Results, names: Sequence[str], method: str, source: str = ""
) -> dict[str, float | None]:
    """Return the figures of a row: category given; grouping of true parts; category predicted."""
    given = results.evaluate(names, method, "given", source).figures()
    row = {name: given[name] for name in ("part_accuracy", "macro_f1", "grouping", "sides")}
    if results.has(names, method, "true"):
        true = results.evaluate(names, method, "true", source).figures()
        row |= {"true_parts_grouping": true["grouping"], "true_parts_ari": true["ari"]}
    if results.has(names, method, "predicted"):
        predicted = results.evaluate(names, method, "predicted", source).figures()
        row |= {
            "category_accuracy": predicted["category_accuracy"],
            "predicted_part_accuracy": predicted["part_accuracy"],
        }
    return row


def differences(results: Results, folds: Sequence[str]) -> list[str]:
    """Return the gain of each step, with the 95 % interval of a paired bootstrap over drawings."""
    steps = [
        ("alone", "teacher", "part_accuracy"),
        ("teacher", "student", "part_accuracy"),
        ("touching", "student", "grouping"),
        ("k-means", "student", "grouping"),
    ]
    lines = []
    for before, after, figure in steps:
        if results.has(folds, before, "given") and results.has(folds, after, "given"):
            first, second = (results.evaluate(folds, method, "given") for method in (before, after))
            mean, low, high = paired_bootstrap(first, second, figure=figure, samples=500)
            gain = f"{figure}: {TITLES[after]} over {TITLES[before]}"
            lines.append(f"{gain}: {mean:+.2f} [{low:+.2f}, {high:+.2f}]")
    return lines


_COLUMNS = {
    "part_accuracy": "part acc.", "macro_f1": "macro-F1", "grouping": "grouping", "sides": "sides",
    "true_parts_grouping": "group. true", "true_parts_ari": "ARI true",
    "category_accuracy": "category", "predicted_part_accuracy": "p.a. predicted",
}  # fmt: skip


def _head(title: str) -> str:
    return f"{title:40}" + "".join(f"{name:>15}" for name in _COLUMNS.values())


def _line(title: str, row: Mapping[str, float | None]) -> str:
    cells = [row.get(name) for name in _COLUMNS]
    return f"{title:40}" + "".join(f"{'-' if v is None else f'{v:.2f}':>15}" for v in cells)
