"""One slice of the sources as corpus rows, with the log of what became of each drawing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.batch.config import AUTO, SplitBy
from instancesketch.batch.manifest import LOG_SCHEMA, Log
from instancesketch.batch.quarantine import Marker, isolate
from instancesketch.batch.shards import Slice
from instancesketch.core import storage
from instancesketch.core.hashing import assign_split
from instancesketch.core.schema import SCHEMA, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import (
    COMPANION,
    Piece,
    Record,
    Rejection,
    Rows,
    read,
    read_unlabelled,
    sniff,
    unknown,
)

_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How drawings become rows."""

    taxonomy: dict[str, Any] | None = None  # as `Taxonomy.to_dict`; None: the format decides
    # Whether the file's labels are kept, and must be known; "objects": those of scenes alone.
    labels: bool | Literal["objects"] = True
    split_by: SplitBy = "sketch"
    shuffle_strokes: int | None = None  # a seed
    only_split: str | None = None
    max_record_mb: float = 64.0


def read_slice(piece_of_work: Slice, how: Reading, marker: Marker) -> tuple[pa.Table, pa.Table]:
    """Reads a slice.

    Returns:
        Its rows with `SCHEMA`, and its log with `LOG_SCHEMA`.
    """
    pieces = piece_of_work.pieces

    def work(start: int, stop: int) -> tuple[pa.Table, pa.Table]:
        return _read_pieces(pieces[start:stop], piece_of_work.location, how)

    def give_up(index: int, error: Exception | None) -> tuple[pa.Table, pa.Table]:
        log = Log()
        log.reject(Rejection(file=pieces[index].path, position="", reason=_reason(error)))
        return SCHEMA.empty_table(), log.table()

    done = isolate(len(pieces), work, give_up, marker)
    rows = pa.concat_tables([SCHEMA.empty_table(), *(table for table, _ in done)])
    return rows, pa.concat_tables([LOG_SCHEMA.empty_table(), *(log for _, log in done)])


def _reason(error: Exception | None) -> str:
    if error is None:
        return "the reading process died on this file"
    return f"reading it failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _read_pieces(
    pieces: tuple[Piece, ...], location: str, how: Reading
) -> tuple[pa.Table, pa.Table]:
    log, tables = Log(), [SCHEMA.empty_table()]
    held: list[Sketch] = []
    for found in _sketches(pieces, location, how, log):
        if isinstance(found, Sketch):
            held.append(found)
        if isinstance(found, pa.Table) or len(held) == _ROWS_AT_ONCE:
            tables.append(to_table(held))  # as Arrow they take a fraction of the memory
            held = []
        if isinstance(found, pa.Table):
            tables.append(found)
    return pa.concat_tables([*tables, to_table(held)]), log.table()


def _sketches(
    pieces: tuple[Piece, ...], location: str, how: Reading, log: Log
) -> Iterator[Sketch | pa.Table]:
    """Yields the drawings that become rows, one or a table of them, and logs every one."""
    filesystem, _ = storage.locate(location)
    taxonomy = None if how.taxonomy is None else Taxonomy.from_dict(how.taxonomy)
    for piece in pieces:
        form = sniff(piece.path, filesystem) if piece.format == AUTO else piece.format
        if form == COMPANION:
            log.skip(piece.path, "", "companion")
            continue
        if form is None:
            log.reject(unknown(piece.path, filesystem))
            continue
        piece, limit = replace(piece, format=form), int(how.max_record_mb * 2**20)
        records: Iterable[Record | Rejection | Rows]
        if how.labels is False and how.shuffle_strokes is None:
            records = read_unlabelled(piece, filesystem, taxonomy, limit)
        else:
            records = read(
                piece,
                filesystem,
                taxonomy=taxonomy,
                max_record_bytes=limit,
                labels=how.labels,
            )
        for record in records:
            if isinstance(record, Rows):
                yield _logged(record, piece.path, form, how, log)
                continue
            if isinstance(record, Rejection):
                log.reject(record)
                continue
            sketch = _with_split(record, how.split_by)
            if how.only_split is not None and sketch.split != how.only_split:
                log.skip(piece.path, record.position, "other_split")
                continue
            if how.shuffle_strokes is not None:
                sketch = shuffle_strokes(sketch, how.shuffle_strokes)
            without_user = how.split_by == "user" and not (record.user or record.sketch.split)
            log.accept(sketch, piece.path, record.position, form, without_user=without_user)
            yield sketch


def _logged(rows: Rows, file: str, form: str, how: Reading, log: Log) -> pa.Table:
    """What is left of rows of a corpus, with the split of each, and logged."""
    table, index = rows.table, rows.table.schema.get_field_index("split")
    without = pc.is_null(table["split"]).to_numpy()
    if without.any():
        ids, splits = table["sketch_id"].to_pylist(), table["split"].to_pylist()
        splits = [split or assign_split(key) for key, split in zip(ids, splits, strict=True)]
        table = table.set_column(index, table.schema.field(index), pa.array(splits, pa.string()))
    kept = np.ones(len(table), bool)
    if how.only_split is not None:
        kept = pc.equal(table["split"], how.only_split).to_numpy()
    log.accept_rows(table, rows.first, file, form, kept, without & (how.split_by == "user"))
    return table.filter(pa.array(kept)) if not kept.all() else table


def _with_split(record: Record, split_by: SplitBy) -> Sketch:
    """An official split stays; else the user's, where asked for and known, or the sketch's own."""
    sketch = record.sketch
    if sketch.split is not None:
        return sketch
    key = record.user if split_by == "user" and record.user else sketch.sketch_id
    return sketch.replace(split=assign_split(key))


def shuffle_strokes(sketch: Sketch, seed: int) -> Sketch:
    """Puts the strokes in an order that depends on the seed and the id alone."""
    digest = hashlib.blake2b(f"{seed}\0{sketch.sketch_id}".encode(), digest_size=8).digest()
    order = np.random.default_rng(int.from_bytes(digest, "big")).permutation(len(sketch))
    return sketch.take(order.tolist())
