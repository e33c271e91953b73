"""Shards as rows of a Ray dataset, one row and one block each."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pyarrow as pa

from instancesketch.batch.stages import ShardState

Row = dict[str, Any]


def to_row(state: ShardState) -> Row:
    """Return a row that holds a shard."""
    # Tables are values of their own: pickled, a slice of a table would bring the whole of it.
    return {
        "state": pickle.dumps(state.without_tables()),
        "rows": _to_bytes(state.rows),
        "manifest": _to_bytes(state.manifest),
    }


def from_row(row: Row) -> ShardState:
    """Return the shard that a row holds."""
    state: ShardState = pickle.loads(row["state"])
    return replace(state, rows=_from_bytes(row["rows"]), manifest=_from_bytes(row["manifest"]))


def _to_bytes(table: pa.Table) -> bytes:
    # As one value of a row: as rows of the dataset, Ray Data couldn't tell two shards apart.
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _from_bytes(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()
