"""Tables of the protocol on scenes, from its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from instancesketch.core import storage
from instancesketch.core.schema import from_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics import ScoredSketches, evaluate, paired_bootstrap

TITLES = {
    "touching": "strokes nearer than 2 %",
    "most points": "detector, most points inside",
    "grouper": "grouper",
    "with boxes": "grouper, detector's boxes",
    "ordered": "grouper, drawing order",
}
ORDERS = ("random", "file")
_COLUMNS = {"pq": "PQ", "pq_named": "PQ-seven", "object_f1": "object F1"}


def evaluate_sets(
    out: Path, names: Sequence[str], method: str, order: str, taxonomy: Taxonomy
) -> ScoredSketches | None:
    """Evaluate a method on all scenes of some sets, or return None if it has no results."""
    files = [out / name / f"{method}-{order}.parquet" for name in names]
    if not all(f.exists() for f in files):
        return None
    labelled = [s for f in files for s in from_table(pq.read_table(f))]
    truth = [s for n in names for s in from_table(pq.read_table(out / n / "truth.parquet"))]
    return evaluate(labelled, truth, taxonomy).scored


def report(out: Path, users: Sequence[str], taxonomy: Taxonomy) -> str:
    """Return all tables as text, and write their figures to `figures.json`."""
    sets = {
        "CBSC, each user by a grouper of the others": list(users),
        "FrISS, the users that nothing was chosen on": ["friss-report"],
        "FrISS, the users to choose on": ["friss-choose"],
    }
    saved: dict[str, Any] = {}
    lines: list[str] = []
    for title, names in sets.items():
        saved[title] = {}
        lines += [title, _head()]
        scores = {
            (method, order): evaluate_sets(out, names, method, order, taxonomy)
            for method in TITLES
            for order in ORDERS
        }
        for method, method_title in TITLES.items():
            row: dict[str, float | None] = {}
            for order in ORDERS:
                score = scores[method, order]
                for column in _COLUMNS:
                    row[f"{column} {order}"] = None if score is None else score.figure(column)
            if any(v is not None for v in row.values()):
                saved[title][method] = row
                lines.append(_line(method_title, row))
        lines += [*_differences(scores), ""]
    storage.write_json(str(out / "figures.json"), saved)
    return "\n".join(lines)


def _differences(scores: Mapping[tuple[str, str], ScoredSketches | None]) -> list[str]:
    lines = []
    for before, after in (("touching", "grouper"), ("grouper", "with boxes")):
        first, second = scores[before, "random"], scores[after, "random"]
        if first is not None and second is not None:
            mean, low, high = paired_bootstrap(first, second, figure="pq", samples=1000)
            gain = f"PQ: {TITLES[after]} over {TITLES[before]}"
            lines.append(f"{gain}: {mean:+.2f} [{low:+.2f}, {high:+.2f}]")
    return lines


def _head() -> str:
    titles = [f"{t} {o}" for o in ORDERS for t in _COLUMNS.values()]
    return f"{'':30}" + "".join(f"{t:>18}" for t in titles)


def _line(title: str, row: dict[str, float | None]) -> str:
    cells = [row.get(f"{c} {o}") for o in ORDERS for c in _COLUMNS]
    return f"{title:30}" + "".join(f"{'-' if v is None else f'{v:.2f}':>18}" for v in cells)
