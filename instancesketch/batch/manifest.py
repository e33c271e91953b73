"""The manifest of a shard: every drawing that it held, and whether it became a row.

Manifests give the rejected rows, the counts of a job, and the ids that stand twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.core.errors import ReasonCounter
from instancesketch.core.schema import count_values
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import PARTLESS
from instancesketch.formats.records import Rejection

RowNumbers = npt.NDArray[np.int64]

# Besides what is rejected, what was left out of a drawing that was read: `left_out` is its number.
REJECTED_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("file", "position", "reason")] + [("left_out", pa.int32())]
)
MANIFEST_SCHEMA = pa.schema(
    [
        # `reason` is null for what became a row, `left_out` for all that is rejected.
        *REJECTED_SCHEMA,
        ("sketch_id", pa.string()),
        ("hash", pa.binary(16)),  # of the id; null for an entry without a row
        ("format", pa.string()),
        ("strokes", pa.int32()),
        ("objects", pa.int32()),  # of a scene
        ("failed", pa.bool_()),
        ("partless", pa.string()),  # `other` or `scene`, of a drawing labelled as that
        ("companion", pa.bool_()),  # a file that only stands beside drawings
        ("other_split", pa.bool_()),  # left out, because the job takes another split
        ("without_user", pa.bool_()),  # split by its id, because its user isn't known
    ]
)
# Rows whose id an earlier row has, which is named by its place.
CLASH_SCHEMA = pa.schema(
    [
        ("shard", pa.int32()),  # its number
        ("row", pa.int64()),  # in the shard
        ("first_file", pa.string()),
        ("first_position", pa.string()),
    ]
)
TAKEN = "the sketch_id is already taken"


class Manifest:
    """The drawings of one shard in order, each with its outcome."""

    # Rows that come as tables stay tables: as dicts, one by one, they would take most of the time
    # of labelling.

    def __init__(self) -> None:
        self._tables = [MANIFEST_SCHEMA.empty_table()]
        self._entries: list[dict[str, Any]] = []  # later than those of the tables

    def reject(self, rejection: Rejection) -> None:
        """Add a record or file that can't be read."""
        self._entries.append(
            {"file": rejection.file, "position": rejection.position, "reason": rejection.reason}
        )

    def accept(self, sketch: Sketch, file: str, position: str, format: str, **notes: bool) -> None:
        """Add a drawing that becomes a row."""
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
        """Add rows of a corpus.

        Args:
            rows: with the columns of a corpus.
            first: the number of their first one in the file.
            file: the path of the file.
            format: the name of its format.
            kept: (rows,) False for those of a split that the job doesn't take.
            without_user: (rows,) True for those split by their id because the user isn't known.
        """
        ids, dropped = rows["sketch_id"].to_pylist(), pa.array(~kept)
        strokes = pc.list_value_length(rows["stroke_len"]).combine_chunks()
        of_kept = {
            "sketch_id": pa.array(ids, pa.string()),
            "hash": pa.array([_hash(key) for key in ids], pa.binary(16)),
            "format": _repeat(format, len(ids)),
            "strokes": strokes.cast(pa.int32()),
            # Unlabelled rows have no objects yet; `with_outcomes` adds those that are predicted.
            "objects": pa.array(np.zeros(len(ids), np.int32)),
            "without_user": pa.array(without_user),
        }
        # A null hash marks an entry without a row: those of other splits keep their place alone.
        columns = {name: pc.if_else(dropped, None, values) for name, values in of_kept.items()}
        columns |= {
            "file": _repeat(file, len(ids)),
            "position": pa.array([f"row {row}" for row in range(first, first + len(ids))]),
            "other_split": pa.array(~kept, mask=kept),
        }
        # Pending entries go before the rows, because a manifest keeps the order of the file.
        self._tables += [self._entries_table(), _fill_columns(columns, len(ids))]
        self._entries = []

    def leave_out(self, file: str, position: str, left_out: Mapping[str, int]) -> None:
        """Add what of an accepted drawing isn't in its row, by kind, if there is anything."""
        if left_out:
            kinds = ", ".join(f"{number} {kind}" for kind, number in left_out.items())
            total = sum(left_out.values())
            entry = {"file": file, "position": position, "reason": f"left out: {kinds}"}
            self._entries.append({**entry, "left_out": total})

    def skip(self, file: str, position: str, why: Literal["companion", "other_split"]) -> None:
        """Add a drawing or file that is left out without being wrong."""
        self._entries.append({"file": file, "position": position, why: True})

    def table(self) -> pa.Table:
        """Return all entries, with `MANIFEST_SCHEMA`."""
        return pa.concat_tables([*self._tables, self._entries_table()])

    def _entries_table(self) -> pa.Table:
        return pa.Table.from_pylist(self._entries, MANIFEST_SCHEMA)


def _hash(key: str) -> bytes:
    # 16 bytes for each of 10^8 ids fit in the memory of one machine; the ids may not.
    return hashlib.blake2b(key.encode(), digest_size=16).digest()


def _repeat(text: str, times: int) -> pa.Array:
    return pa.array([text]).take(pa.array(np.zeros(times, np.int64)))


def _fill_columns(columns: Mapping[str, pa.Array], rows: int) -> pa.Table:
    """Return a table with `MANIFEST_SCHEMA`, null in the columns that are not given."""
    arrays = [
        columns[f.name] if f.name in columns else pa.nulls(rows, f.type) for f in MANIFEST_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=MANIFEST_SCHEMA)


def with_outcomes(entries: pa.Table, rows: pa.Table) -> pa.Table:
    """Return a manifest with the errors, the numbers of objects and what has no parts of its rows.

    Args:
        entries: the manifest of a shard.
        rows: as they are labelled.
    """
    # Rows are the entries with a hash, in the same order.
    at = np.flatnonzero(pc.is_valid(entries["hash"]).to_numpy())
    failed, objects = np.zeros(len(entries), bool), np.zeros(len(entries), np.int32)
    failed[at] = pc.is_valid(rows["error"]).to_numpy()
    objects[at] = pc.list_value_length(rows["object_category"]).fill_null(0).to_numpy()
    is_partless = pc.and_(
        pc.is_in(rows["category"], pa.array(PARTLESS)),
        pc.and_(pc.is_null(rows["part"]), pc.is_null(rows["error"])),
    )
    partless = np.full(len(entries), None, object)
    partless[at] = pc.if_else(is_partless, rows["category"], None).to_numpy()
    columns = {"failed": failed, "objects": objects, "partless": partless}
    for name, values in columns.items():
        index = entries.schema.get_field_index(name)
        field = entries.schema.field(index)
        entries = entries.set_column(index, field, pa.array(values, field.type))
    return entries


def accepted(entries: pa.Table) -> pa.Table:
    """Return the entries that are rows, one for each row of the shard, in order."""
    return entries.filter(pc.is_valid(entries["hash"]))


def rejections(entries: pa.Table, clashes: pa.Table) -> pa.Table:
    """Return the rejections of a shard: what can't be read, then ids that are already taken.

    Args:
        entries: the manifest of the shard.
        clashes: its rows whose id is taken, with `CLASH_SCHEMA`.

    Returns:
        A table with `REJECTED_SCHEMA`.
    """
    unreadable = entries.filter(pc.is_valid(entries["reason"])).select(REJECTED_SCHEMA.names)
    if not len(clashes):
        return unreadable
    later = accepted(entries).take(clashes["row"])
    # Equal hashes are of equal ids, so the later row has the id of the first.
    firsts = (clashes[name].to_pylist() for name in ("first_file", "first_position"))
    reasons = map(_taken_by, later["sketch_id"].to_pylist(), *firsts)
    columns = [later["file"], later["position"], pa.array(reasons, pa.string())]
    duplicates = pa.table([*columns, pa.nulls(len(clashes), pa.int32())], schema=REJECTED_SCHEMA)
    return pa.concat_tables([unreadable, duplicates])


def _taken_by(sketch_id: str, first_file: str | None, first_position: str | None) -> str:
    place = " ".join(filter(None, (first_file, first_position)))
    return f"sketch_id {sketch_id!r} is already taken by {place!r}"


@dataclass
class Counts:
    """The counts of a job, added up over its shards."""

    totals: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    reasons: ReasonCounter = field(default_factory=ReasonCounter)
    left_out: ReasonCounter = field(default_factory=ReasonCounter)

    def add(self, entries: pa.Table, duplicates: RowNumbers) -> None:
        """Add a shard by its manifest, without the rows whose id is already taken."""
        rows = accepted(entries)
        keep = np.ones(len(rows), bool)
        keep[duplicates] = False
        rows = rows.filter(pa.array(keep))
        is_rejected = pc.is_null(entries["left_out"])
        reasons = entries.filter(is_rejected)["reason"].drop_null()
        left_out = entries.filter(pc.invert(is_rejected))
        partless = count_values(rows["partless"])
        self.totals.update(
            rows=len(rows),
            strokes=pc.sum(rows["strokes"]).as_py() or 0,
            objects=pc.sum(rows["objects"]).as_py() or 0,
            failed=pc.sum(rows["failed"]).as_py() or 0,
            **{name: partless[name] for name in PARTLESS},
            rejected=len(reasons) + len(duplicates),
            # A drawing of which something was left out is a row all the same.
            left_out=pc.sum(left_out["left_out"]).as_py() or 0,
            companions=pc.sum(entries["companion"]).as_py() or 0,
            other_split=pc.sum(entries["other_split"]).as_py() or 0,
            without_user=pc.sum(rows["without_user"]).as_py() or 0,
        )
        self.formats.update(count_values(rows["format"]))
        self.reasons.add(count_values(reasons))
        self.left_out.add(count_values(left_out["reason"]))
        # Counted under one reason: each rejection names its own id, so every reason would differ.
        self.reasons.add({TAKEN: len(duplicates)})

    def to_state(self) -> dict[str, dict[str, int]]:
        """Return the counts for `merge`, as JSON holds them."""
        return {
            "totals": dict(self.totals),
            "formats": dict(self.formats),
            "reasons": self.reasons.counts,
            "left_out": self.left_out.counts,
        }

    def merge(self, state: Mapping[str, Any]) -> None:
        """Add the counts of other shards, as `to_state` returns them."""
        self.totals.update(state["totals"])
        self.formats.update(state["formats"])
        self.reasons.add(state["reasons"])
        self.left_out.add(state["left_out"])

    def to_dict(self) -> dict[str, Any]:
        """Return the counts, for `summary.json`."""
        return {
            **self.totals,
            "rows_by_format": dict(sorted(self.formats.items())),
            "rejected_by_reason": self.reasons.to_dict(),
            "left_out_by_reason": self.left_out.to_dict(),
        }
