"""The tables of scenes, from the results that the benchmark left."""

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
_COLUMNS = {"pq": "PQ", "pq_seven": "PQ-seven", "object_f1": "object F1"}


def answers(
    out: Path, names: Sequence[str], way: str, order: str, taxonomy: Taxonomy
) -> ScoredSketches | None:
    """The answers over all scenes of some sets, None where there are none."""
    files = [out / name / f"{way}-{order}.parquet" for name in names]
    if not all(f.exists() for f in files):
        return None
    said = [s for f in files for s in from_table(pq.read_table(f))]
    truth = [s for n in names for s in from_table(pq.read_table(out / n / "truth.parquet"))]
    return evaluate(said, truth, taxonomy).scored


def report(out: Path, users: Sequence[str], taxonomy: Taxonomy) -> str:
    """All tables as text; what they hold is also written to `figures.json`."""
    sets = {
        "CBSC, each user by a grouper of the others": list(users),
        "FrISS, the users that nothing was chosen on": ["friss-report"],
        "FrISS, the users to choose on": ["friss-choose"],
    }
    found: dict[str, Any] = {}
    lines: list[str] = []
    for title, names in sets.items():
        found[title] = {}
        lines += [title, _head()]
        got = {(w, o): answers(out, names, w, o, taxonomy) for w in TITLES for o in ORDERS}
        for way, shown in TITLES.items():
            row: dict[str, float | None] = {}
            for order in ORDERS:
                said = got[way, order]
                row |= {f"{c} {order}": None if said is None else said.figure(c) for c in _COLUMNS}
            if any(v is not None for v in row.values()):
                found[title][way] = row
                lines.append(_line(shown, row))
        lines += [*_differences(got), ""]
    storage.write_json(str(out / "figures.json"), found)
    return "\n".join(lines)


def _differences(got: Mapping[tuple[str, str], ScoredSketches | None]) -> list[str]:
    lines = []
    for before, after in (("touching", "grouper"), ("grouper", "with boxes")):
        first, second = got[before, "random"], got[after, "random"]
        if first is not None and second is not None:
            mean, low, high = paired_bootstrap(first, second, figure="pq", samples=1000)
            steps_up = f"PQ: {TITLES[after]} over {TITLES[before]}"
            lines.append(f"{steps_up}: {mean:+.2f} [{low:+.2f}, {high:+.2f}]")
    return lines


def _head() -> str:
    titles = [f"{t} {o}" for o in ORDERS for t in _COLUMNS.values()]
    return f"{'':30}" + "".join(f"{t:>18}" for t in titles)


def _line(title: str, row: dict[str, float | None]) -> str:
    shown = [row.get(f"{c} {o}") for o in ORDERS for c in _COLUMNS]
    return f"{title:30}" + "".join(f"{'-' if v is None else f'{v:.2f}':>18}" for v in shown)
