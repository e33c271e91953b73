"""The log of a slice: every drawing that it held and what became of it. From the logs come the
rejected rows, the counts of a job, and the ids that are there twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.core.errors import ReasonCounter
from instancesketch.core.schema import count_values
from instancesketch.core.sketch import Sketch
from instancesketch.formats.records import Rejection

Rows = npt.NDArray[np.int64]

REJECTED_SCHEMA = pa.schema([(name, pa.string()) for name in ("file", "position", "reason")])
LOG_SCHEMA = pa.schema(
    [
        *REJECTED_SCHEMA,  # reason is null for what became a row
        ("sketch_id", pa.string()),
        ("hash", pa.binary(16)),  # of the id; null where there is no row
        ("format", pa.string()),
        ("strokes", pa.int32()),
        ("objects", pa.int32()),  # of a scene
        ("failed", pa.bool_()),
        ("companion", pa.bool_()),  # a file that only stands beside drawings
        ("other_split", pa.bool_()),  # no row, because another split was asked for
        ("without_user", pa.bool_()),  # split by its id, because its user isn't known
    ]
)
CLASH_SCHEMA = pa.schema(
    [("slice", pa.int32()), ("row", pa.int64()), ("first_slice", pa.int32()), ("first", pa.int64())]
)
TAKEN = "the sketch_id is already taken"


class Log:
    """Collects what becomes of the drawings of one slice, in order."""

    def __init__(self) -> None:
        self._tables = [LOG_SCHEMA.empty_table()]
        self._entries: list[dict[str, Any]] = []  # that come after those of the tables

    def reject(self, rejection: Rejection) -> None:
        """Notes a record or file that can't be read."""
        self._entries.append(
            {"file": rejection.file, "position": rejection.position, "reason": rejection.reason}
        )

    def accept(self, sketch: Sketch, file: str, position: str, format: str, **notes: bool) -> None:
        """Notes a row."""
        self._entries.append(
            {
                "file": file,
                "position": position,
                "sketch_id": sketch.sketch_id,
                "hash": _hash(sketch.sketch_id),
                "format": format,
                "strokes": len(sketch),
                "objects": len(sketch.object_category or ()),
                **notes,
            }
        )

    def accept_rows(
        self,
        rows: pa.Table,
        first: int,
        file: str,
        format: str,
        kept: npt.NDArray[np.bool_],
        without_user: npt.NDArray[np.bool_],
    ) -> None:
        """Notes rows of a corpus, from the given one of its file on: which are kept, which are of
        another split, and which have their split by their id because their user isn't known.
        """
        ids, gone = rows["sketch_id"].to_pylist(), pa.array(~kept)
        strokes = pc.list_value_length(rows["stroke_len"]).combine_chunks()
        of_row = {
            "sketch_id": pa.array(ids, pa.string()),
            "hash": pa.array([_hash(key) for key in ids], pa.binary(16)),
            "format": pa.array([format]).take(pa.array(np.zeros(len(ids), np.int64))),
            "strokes": strokes.cast(pa.int32()),
            "objects": pa.array(np.zeros(len(ids), np.int32)),
            "without_user": pa.array(without_user),
        }
        columns = {name: pc.if_else(gone, None, values) for name, values in of_row.items()}
        columns |= {
            "file": pa.array([file]).take(pa.array(np.zeros(len(ids), np.int64))),
            "position": pa.array([f"row {row}" for row in range(first, first + len(ids))]),
            "other_split": pa.array(~kept, mask=kept),
        }
        nothing = [pa.nulls(len(ids), f.type) for f in LOG_SCHEMA]
        made = [columns.get(f.name, n) for f, n in zip(LOG_SCHEMA, nothing, strict=True)]
        self._tables += [self._noted(), pa.Table.from_arrays(made, schema=LOG_SCHEMA)]
        self._entries = []

    def skip(self, file: str, position: str, why: Literal["companion", "other_split"]) -> None:
        """Notes what is neither a row nor wrong."""
        self._entries.append({"file": file, "position": position, why: True})

    def table(self) -> pa.Table:
        """What was noted, with `LOG_SCHEMA`."""
        return pa.concat_tables([*self._tables, self._noted()])

    def _noted(self) -> pa.Table:
        return pa.Table.from_pylist(self._entries, LOG_SCHEMA)


def _hash(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=16).digest()


def rows_of(log: pa.Table) -> pa.Table:
    """The entries of a log that are rows: one for each row of the slice, in order."""
    return log.filter(pc.is_valid(log["hash"]))


def hashes_of(log: pa.Table) -> npt.NDArray[np.uint64]:
    """The hashes of a slice's ids, (rows, 2)."""
    held = log["hash"].drop_null().combine_chunks()
    data = b"".join(held.to_pylist())
    return np.frombuffer(data, np.uint64).reshape(-1, 2)


def find_clashes(hashes: Sequence[npt.NDArray[np.uint64]]) -> pa.Table:
    """Finds rows whose id an earlier row has, given one (rows, 2) array of hashes per slice.

    Returns:
        A table with `CLASH_SCHEMA`: the later row by slice and row, and the first one of that id.
        Two ids with the same 128 bits are taken for one; among 10^9 ids the odds are 10^-21.
    """
    sizes = np.array([len(h) for h in hashes], np.int64)
    starts = np.cumsum(sizes) - sizes
    flat = np.concatenate([*hashes, np.zeros((0, 2), np.uint64)])
    order = np.lexsort((flat[:, 1], flat[:, 0]))  # stable: equal ids keep the order of rows
    ordered = flat[order]
    new = np.ones(len(flat), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = order[np.maximum.accumulate(np.where(new, np.arange(len(flat)), 0))]
    later, first = order[~new], first[~new]
    slices = [np.searchsorted(starts, rows, "right") - 1 for rows in (later, first)]
    columns = (slices[0], later - starts[slices[0]], slices[1], first - starts[slices[1]])
    table = pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, CLASH_SCHEMA, strict=True)],
        schema=CLASH_SCHEMA,
    )
    return table.sort_by([("slice", "ascending"), ("row", "ascending")])


def later_rows(clashes: pa.Table, index: int) -> Rows:
    """Which rows of a slice have an id that is taken."""
    mine = clashes.filter(pc.equal(clashes["slice"], index))
    rows: Rows = mine["row"].to_numpy()
    return rows


def rejections(
    index: int, log: pa.Table, clashes: pa.Table, read_log: Callable[[int], pa.Table]
) -> pa.Table:
    """The rejected rows of a slice, with `REJECTED_SCHEMA`: what can't be read, then clashes."""
    bad = log.filter(pc.is_valid(log["reason"])).select(REJECTED_SCHEMA.names)
    mine = clashes.filter(pc.equal(clashes["slice"], index))
    if not len(mine):
        return bad
    firsts = mine["first_slice"].to_numpy()
    reasons = np.empty(len(mine), object)
    for other in np.unique(firsts):
        at = np.flatnonzero(firsts == other)
        rows = rows_of(read_log(int(other))).take(mine["first"].take(pa.array(at)))
        reasons[at] = [_taken(row) for row in rows.to_pylist()]
    later = rows_of(log).take(mine["row"]).select(["file", "position"])
    return pa.concat_tables(
        [bad, later.append_column("reason", pa.array(reasons, pa.string())).cast(REJECTED_SCHEMA)]
    )


def _taken(first: dict[str, Any]) -> str:
    where = " ".join(filter(None, (first["file"], first["position"])))
    return f"sketch_id {first['sketch_id']!r} is already taken by {where!r}"


@dataclass
class Counts:
    """What a job has done, added up over its slices."""

    totals: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    reasons: ReasonCounter = field(default_factory=ReasonCounter)

    def add(self, log: pa.Table, later: Rows) -> None:
        """Adds a slice, less the rows whose id is taken."""
        rows = rows_of(log)
        keep = np.ones(len(rows), bool)
        keep[later] = False
        rows = rows.filter(pa.array(keep))
        bad = log["reason"].drop_null()
        self.totals.update(
            rows=len(rows),
            strokes=pc.sum(rows["strokes"]).as_py() or 0,
            objects=pc.sum(rows["objects"]).as_py() or 0,
            failed=pc.sum(rows["failed"]).as_py() or 0,
            rejected=len(bad) + len(later),
            companions=pc.sum(log["companion"]).as_py() or 0,
            other_split=pc.sum(log["other_split"]).as_py() or 0,
            without_user=pc.sum(rows["without_user"]).as_py() or 0,
        )
        self.formats.update(count_values(rows["format"]))
        self.reasons.add(count_values(bad))
        self.reasons.add({TAKEN: len(later)})

    def to_dict(self) -> dict[str, Any]:
        """The counts, for `summary.json`."""
        return {
            **self.totals,
            "rows_by_format": dict(sorted(self.formats.items())),
            "rejected_by_reason": self.reasons.to_dict(),
        }
