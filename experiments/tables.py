"""The tables of the protocol on real drawings, from the results that it left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from instancesketch.core import storage
from instancesketch.core.schema import from_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics import ScoredSketches, evaluate, paired_bootstrap

# What is compared: by name, which weights label, later ones winning.
WAYS: Mapping[str, Sequence[str]] = {
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
    """Results of one way to label, and the truth, over drawings that were held out."""

    def __init__(self, out: Path, real: pa.Table, taxonomy: Taxonomy) -> None:
        self.out, self.taxonomy = out, taxonomy
        self.truth = {s.sketch_id: s for s in from_table(real)}

    def has(self, names: Sequence[str], way: str, kind: str) -> bool:
        """Whether all of it is there."""
        return all((self.out / name / f"{way}-{kind}.parquet").exists() for name in names)

    def of(self, names: Sequence[str], way: str, kind: str, source: str = "") -> ScoredSketches:
        """The answers over all that the names hold out, of one source or of all."""
        labelled: list[Sketch] = []
        for name in names:
            table = pq.read_table(self.out / name / f"{way}-{kind}.parquet")
            labelled += [s for s in from_table(table) if s.sketch_id.startswith(source)]
        truth = [self.truth[s.sketch_id] for s in labelled]
        return evaluate(labelled, truth, self.taxonomy).scored


def report(out: Path, real: pa.Table, names: Sequence[str], taxonomy: Taxonomy) -> str:
    """All tables as text; what they hold is also written to `figures.json`."""
    results = Results(out, real, taxonomy)
    folds = [n for n in names if n.startswith("fold-")]
    sources = [n for n in names if n.startswith("source-")]
    found: dict[str, Any] = {"folds": {}, "per_source": {}, "left_out": {}}
    lines = [f"Five folds, pooled\n{_head('given category')}"]
    for way in TITLES:
        if results.has(folds, way, "given"):
            row = figures(results, folds, way)
            found["folds"][way] = row
            lines.append(_line(TITLES[way], row))
    lines += ["", _head("per source")]
    for name in sources if results.has(folds, "student", "given") else ():
        source = name.removeprefix("source-")
        found["per_source"][source] = figures(results, folds, "student", source)
        lines.append(_line(source, found["per_source"][source]))
    lines += ["", _head("a source left out")]
    for name in sources:
        for way in ("teacher", "student"):
            if results.has([name], way, "given"):
                row = figures(results, [name], way)
                found["left_out"].setdefault(name.removeprefix("source-"), {})[way] = row
                lines.append(_line(f"{name.removeprefix('source-')}, {TITLES[way]}", row))
    lines += ["", *differences(results, folds)]
    storage.write_json(str(out / "figures.json"), found)
    return "\n".join(lines)


def figures(
    results: Results, names: Sequence[str], way: str, source: str = ""
) -> dict[str, float | None]:
    """The figures of one row: category given; ARI with true parts; and category predicted."""
    given = results.of(names, way, "given", source).figures()
    row = {name: given[name] for name in ("part_accuracy", "macro_f1", "grouping", "sides")}
    if results.has(names, way, "true"):
        true = results.of(names, way, "true", source).figures()
        row |= {"true_parts_grouping": true["grouping"], "true_parts_ari": true["ari"]}
    if results.has(names, way, "predicted"):
        guess = results.of(names, way, "predicted", source).figures()
        row |= {
            "category_accuracy": guess["category_accuracy"],
            "predicted_part_accuracy": guess["part_accuracy"],
        }
    return row


def differences(results: Results, folds: Sequence[str]) -> list[str]:
    """What each step adds, with the 95 % interval of a paired bootstrap over drawings."""
    steps = [
        ("alone", "teacher", "part_accuracy"),
        ("teacher", "student", "part_accuracy"),
        ("touching", "student", "grouping"),
        ("k-means", "student", "grouping"),
    ]
    lines = []
    for before, after, figure in steps:
        if results.has(folds, before, "given") and results.has(folds, after, "given"):
            first, second = (results.of(folds, way, "given") for way in (before, after))
            mean, low, high = paired_bootstrap(first, second, figure=figure, samples=500)
            steps_up = f"{figure}: {TITLES[after]} over {TITLES[before]}"
            lines.append(f"{steps_up}: {mean:+.2f} [{low:+.2f}, {high:+.2f}]")
    return lines


_COLUMNS = {
    "part_accuracy": "part acc.", "macro_f1": "macro-F1", "grouping": "grouping", "sides": "sides",
    "true_parts_grouping": "group. true", "true_parts_ari": "ARI true",
    "category_accuracy": "category", "predicted_part_accuracy": "p.a. predicted",
}  # fmt: skip


def _head(title: str) -> str:
    return f"{title:40}" + "".join(f"{name:>15}" for name in _COLUMNS.values())


def _line(title: str, row: Mapping[str, float | None]) -> str:
    shown = [row.get(name) for name in _COLUMNS]
    return f"{title:40}" + "".join(f"{'-' if v is None else f'{v:.2f}':>15}" for v in shown)
