"""Which rows of a corpus train and which select, and what each worker of a training reads.

The order is a function of seed and epoch alone, for a given number of workers: units of rows are
permuted and dealt out, and each worker shuffles what it receives (`feeding`). The processes that
read need no torch, whose import takes longer than most of what they do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.core import hashing, parquet, schema
from instancesketch.core.label_ids import category_ids, part_ids, part_mask
from instancesketch.core.model_kinds import Labels
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.training.config import Role, Selection

COLUMNS = [
    "sketch_id", "category", "split", "x", "y", "stroke_len", "part", "instance", "object",
    "object_category",
]  # fmt: skip
_NARROW = ["sketch_id", "category", "split", "part", "instance", "object"]
# With fewer row groups a worker, rows are dealt out singly so that each gets as many.
GROUPS_PER_WORKER = 16


@dataclass(frozen=True, kw_only=True)
class Group:
    """One row group of a corpus, and what it holds for a role."""

    path: str
    row_group: int
    rows: int
    categories: tuple[int, ...]  # rows per category; none for scenes
    parts: tuple[int, ...]  # strokes per part
    instances: int  # strokes of known instance
    strange: tuple[str, ...]  # labels that their category doesn't have


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What is read at once: the rows of a role in a row group, or every `of`th one of them."""

    path: str
    row_group: int
    stripe: int = 0
    of: int = 1


def row_groups(corpora: Sequence[str]) -> list[tuple[str, int]]:
    """The file and number of every row group of the corpora, in order.

    Raises:
        UserError: a location is no corpus, or a file of it can't be read.
    """
    return [
        (location, i)
        for corpus in corpora
        for location in parquet.list_row_files(corpus)
        for i in range(parquet.open_parquet(location).num_row_groups)
    ]


def some_row_groups(corpora: Sequence[str], most: int) -> tuple[list[tuple[str, int]], float]:
    """At most so many row groups, evenly spread; and about how many times as many there are.

    Raises:
        UserError: as `row_groups`.
    """
    files = [location for corpus in corpora for location in parquet.list_row_files(corpus)]
    opened = files[:: max(1, -(-len(files) // most))]
    groups = [(f, i) for f in opened for i in range(parquet.open_parquet(f).num_row_groups)]
    chosen = groups[:: max(1, -(-len(groups) // most))]
    if not chosen:
        return [], 1.0
    return chosen, len(files) / len(opened) * len(groups) / len(chosen)


def splits(groups: Sequence[tuple[str, int]]) -> Counter[str | None]:
    """How many rows of the row groups are of each split.

    Raises:
        UserError: one of them can't be read.
    """
    counts: Counter[str | None] = Counter()
    for group in groups:
        counts += schema.count_values(parquet.read_row_group(*group, ["split"])["split"])
    return counts


def role_mask(
    table: pa.Table, role: Role, selection: Selection, taxonomy: Taxonomy, labels: Labels = "parts"
) -> np.ndarray[Any, Any]:
    """Which rows of a table play the role: of its split, and labelled.

    A drawing must have parts and a known category, a scene objects.
    """
    split = table["split"].fill_null("train").to_numpy()
    if labels == "objects":
        known = pc.is_valid(table["object"]).to_numpy()
    else:
        known = pc.is_valid(table["part"]).to_numpy() & (category_ids(table, taxonomy) >= 0)
    if role == "select" and selection == "valid":
        return known & (split == "valid")
    mask = known & (split == "train")
    if selection == "tenth":
        tenth = np.fromiter(
            (hashing.hash_bucket(i, "select") < 10 for i in table["sketch_id"].to_pylist()),
            bool,
            len(table),
        )
        mask &= tenth if role == "select" else ~tenth
    elif role == "select":
        mask[:] = False
    return mask


def survey(
    group: tuple[str, int],
    role: Role,
    selection: Selection,
    taxonomy: Taxonomy,
    labels: Labels = "parts",
) -> Group:
    """Counts what a row group holds for a role, from its narrow columns.

    Once a run, with the role `select`, all columns are read: damage is told before it begins.

    Raises:
        UserError: the row group can't be read, or is damaged.
    """
    table = parquet.read_row_group(*group, COLUMNS if role == "select" else _NARROW)
    chosen = table.filter(pa.array(role_mask(table, role, selection, taxonomy, labels)))
    if labels == "objects":
        return Group(
            path=group[0],
            row_group=group[1],
            rows=len(chosen),
            categories=(),
            parts=(),
            instances=0,
            strange=(),
        )
    category_N = category_ids(chosen, taxonomy)
    part_S, strokes_N = part_ids(chosen, taxonomy)
    category_S = np.repeat(category_N, strokes_N)
    strange_S = ~part_mask(taxonomy)[category_S, part_S] | (part_S < 0)
    return Group(
        path=group[0],
        row_group=group[1],
        rows=len(chosen),
        categories=_counts(category_N, len(taxonomy.category_names)),
        parts=_counts(part_S[part_S >= 0], len(taxonomy.part_names)),
        instances=pc.sum(pc.greater(pc.list_flatten(chosen["instance"]), 0)).as_py() or 0,
        strange=_strange(chosen, category_S, strange_S, taxonomy),
    )


def _counts(numbers: np.ndarray[Any, Any], length: int) -> tuple[int, ...]:
    return tuple(np.bincount(numbers, minlength=length).tolist())


def _strange(
    table: pa.Table,
    category_S: np.ndarray[Any, Any],
    strange_S: np.ndarray[Any, Any],
    taxonomy: Taxonomy,
) -> tuple[str, ...]:
    if not strange_S.any():
        return ()
    labels = table["part"].combine_chunks().flatten().filter(pa.array(strange_S)).to_pylist()
    names = [taxonomy.category_names[c] for c in category_S[strange_S]]
    return tuple(
        sorted({f"{label!r} of {name}" for label, name in zip(labels, names, strict=True)})
    )


def deal(groups: Sequence[Group], worker: int, workers: int, order: Sequence[int]) -> list[Unit]:
    """The units that a worker reads, in the given order of the groups.

    Every group holds a row at least; workers that get rows singly differ by one at most.
    """
    if len(groups) >= GROUPS_PER_WORKER * workers or workers == 1:
        mine = list(order)[worker::workers]
        return [Unit(path=groups[i].path, row_group=groups[i].row_group) for i in mine]
    before = list(accumulate((g.rows for g in groups), initial=0))
    return [
        Unit(
            path=groups[i].path,
            row_group=groups[i].row_group,
            stripe=(worker - before[i]) % workers,
            of=workers,
        )
        for i in order
    ]


def read_unit(
    unit: Unit, role: Role, selection: Selection, taxonomy: Taxonomy, labels: Labels = "parts"
) -> pa.Table:
    """The rows of a unit that play the role."""
    table = parquet.read_row_group(unit.path, unit.row_group, COLUMNS)
    chosen = table.filter(pa.array(role_mask(table, role, selection, taxonomy, labels)))
    return chosen.take(np.arange(unit.stripe, len(chosen), unit.of))


def epoch_order(number: int, seed: int, epoch: int) -> list[int]:
    """A permutation of the row groups for an epoch, the same for every worker."""
    return [int(i) for i in np.random.default_rng((seed, epoch)).permutation(number)]
