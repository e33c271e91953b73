"""Rows that train and rows that select, and which of them each worker reads.

For a given number of workers the order is a function of seed and epoch alone: row groups are
permuted and assigned to workers, and each worker shuffles what it reads (`dataloader`). A row
counts as many drawings as a recipe uses it, so that each worker has exactly its part of every step.
This module doesn't load torch, because importing it takes longer than most of what the reading
processes do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.core import hashing, parquet, schema
from instancesketch.core.errors import UserError
from instancesketch.core.label_ids import category_ids, part_ids, part_mask
from instancesketch.core.model_kinds import Labels
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.training.config import Role, Selection
from instancesketch.training.shares import RowSubset, Shares

COLUMNS = [
    "sketch_id", "category", "split", "x", "y", "stroke_len", "part", "instance", "object",
    "object_category",
]  # fmt: skip
_NARROW = ["sketch_id", "category", "split", "part", "instance", "object"]
# The column of rows that were read: how often this worker uses each, int64.
USES = "uses"
# With fewer row groups per worker each gets rows of all of them, so that its batches are as mixed.
GROUPS_PER_WORKER = 16


@dataclass(frozen=True, kw_only=True)
class RowGroup:
    """A row group of a corpus, and counts of the rows in it that have a role."""

    path: str
    number: int  # within the file
    rows: int
    categories: tuple[int, ...]  # rows per category; empty for scenes
    parts: tuple[int, ...]  # strokes per part
    instances: int  # strokes of known instance
    unknown_labels: tuple[str, ...]  # labels that their category doesn't have


def list_row_groups(corpora: Sequence[str]) -> list[tuple[str, int]]:
    """List file and number of every row group of the corpora, in order.

    Raises:
        UserError: a location is not a corpus, or a file of it can't be read.
    """
    return [
        (location, i)
        for corpus in corpora
        for location in parquet.list_row_files(corpus)
        for i in range(parquet.open_parquet(location).num_row_groups)
    ]


def sample_row_groups(corpora: Sequence[str], most: int) -> tuple[list[tuple[str, int]], float]:
    """List at most `most` row groups, evenly spread, and estimate the ratio of all to these.

    Raises:
        UserError: as `list_row_groups`.
    """
    files = [location for corpus in corpora for location in parquet.list_row_files(corpus)]
    # Each footer is a request to an object store, so of many files only some are opened.
    opened = files[:: max(1, -(-len(files) // most))]
    groups = [(f, i) for f in opened for i in range(parquet.open_parquet(f).num_row_groups)]
    sampled = groups[:: max(1, -(-len(groups) // most))]
    if not sampled:
        return [], 1.0
    return sampled, len(files) / len(opened) * len(groups) / len(sampled)


def count_splits(groups: Sequence[tuple[str, int]]) -> Counter[str | None]:
    """Count the rows of each split in row groups.

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
    """Return a mask of the rows of a role: those of its split that are labelled.

    A drawing must have a known category and its parts, if the category has any; a scene objects.
    """
    # Rows without a split are there to train on.
    split = table["split"].fill_null("train").to_numpy()
    if labels == "objects":
        known = pc.is_valid(table["object"]).to_numpy()
    else:
        category_N = category_ids(table, taxonomy)
        # The last entry is for -1.
        has_parts_C = np.append(part_mask(taxonomy).any(1), False)
        known = (category_N >= 0) & (
            pc.is_valid(table["part"]).to_numpy() | ~has_parts_C[category_N]
        )
    if role == "select" and selection == "valid":
        return known & (split == "valid")
    mask = known & (split == "train")
    if selection == "tenth":
        tenth = np.fromiter(
            # Salted, because the split is a hash of the id already: of `train` it would be an
            # eighth.
            (hashing.hash_bucket(i, "select") < 10 for i in table["sketch_id"].to_pylist()),
            bool,
            len(table),
        )
        mask &= tenth if role == "select" else ~tenth
    elif role == "select":
        mask[:] = False
    return mask


def count_row_group(
    group: tuple[str, int],
    role: Role,
    selection: Selection,
    taxonomy: Taxonomy,
    labels: Labels = "parts",
) -> RowGroup:
    """Count the rows of a role in a row group, and their labels.

    Reads the narrow columns alone, but for the role `select`, whose row groups every run has: there
    all columns are read, so that damage to them is found before the training starts.

    Raises:
        UserError: the row group can't be read, or is damaged.
    """
    table = parquet.read_row_group(*group, COLUMNS if role == "select" else _NARROW)
    rows = table.filter(pa.array(role_mask(table, role, selection, taxonomy, labels)))
    path, number = group
    if labels == "objects":
        return RowGroup(
            path=path,
            number=number,
            rows=len(rows),
            categories=(),
            parts=(),
            instances=0,
            unknown_labels=(),
        )
    category_N = category_ids(rows, taxonomy)
    part_S, strokes_N = part_ids(rows, taxonomy)
    category_S = np.repeat(category_N, strokes_N)
    unknown_S = ~part_mask(taxonomy)[category_S, part_S] | (part_S < 0)
    return RowGroup(
        path=path,
        number=number,
        rows=len(rows),
        categories=_count(category_N, len(taxonomy.category_names)),
        parts=_count(part_S[part_S >= 0], len(taxonomy.part_names)),
        instances=pc.sum(pc.greater(pc.list_flatten(rows["instance"]), 0)).as_py() or 0,
        unknown_labels=_name_unknown(rows, category_S, unknown_S, taxonomy),
    )


def _count(ids: np.ndarray[Any, Any], length: int) -> tuple[int, ...]:
    return tuple(np.bincount(ids, minlength=length).tolist())


def _name_unknown(
    table: pa.Table,
    category_S: np.ndarray[Any, Any],
    unknown_S: np.ndarray[Any, Any],
    taxonomy: Taxonomy,
) -> tuple[str, ...]:
    if not unknown_S.any():
        return ()
    labels = table["part"].combine_chunks().flatten().filter(pa.array(unknown_S)).to_pylist()
    names = [taxonomy.category_names[c] for c in category_S[unknown_S]]
    return tuple(
        sorted({f"{label!r} of {name}" for label, name in zip(labels, names, strict=True)})
    )


def count_drawings(group: RowGroup, repeats: Sequence[int] | None) -> int:
    """Return the number of drawings that an epoch uses of a row group.

    Args:
        group: with its counts.
        repeats: of each category; None: each drawing once. Scenes have no
            category, and are repeated as the last one.
    """
    if repeats is None:
        return group.rows
    if not group.categories:
        return group.rows * repeats[-1]
    return sum(rows * times for rows, times in zip(group.categories, repeats, strict=True))


def assign_rows(
    groups: Sequence[RowGroup],
    worker: int,
    workers: int,
    order: Sequence[int],
    *,
    batch_size: int | None = None,
    repeats: Sequence[int] | None = None,
) -> list[RowSubset]:
    """Return the rows that a worker reads, in the given order of the row groups.

    Over all workers these are all drawings, each exactly once, and each worker's are as many as its
    `Shares` of the steps of an epoch.

    Args:
        groups: all of them, with their counts.
        worker: the rank of the worker.
        workers: how many there are.
        order: a permutation of the row groups.
        batch_size: drawings per step over all workers; by default one for each of them.
        repeats: of each category; see `count_drawings`.
    """
    sizes = [count_drawings(group, repeats) for group in groups]
    shares = Shares(drawings=sum(sizes), batch_size=batch_size or workers, workers=workers)
    # Whole row groups but for the first and the last, so that few are read by two workers.
    whole = len(groups) >= GROUPS_PER_WORKER * workers or workers == 1
    subsets, at = [], 0  # the number of drawings in the row groups before
    for i in order:
        first, end = (
            min(max(shares.before(w, shares.drawings) - at, 0), sizes[i])
            if whole
            else shares.before(w, at + sizes[i]) - shares.before(w, at)
            for w in (worker, worker + 1)
        )
        at += sizes[i]
        if first < end:
            subset = RowSubset(
                path=groups[i].path,
                row_group=groups[i].number,
                first=first,
                end=end,
                drawings=sizes[i],
            )
            subsets.append(subset)
    return subsets


def read_rows(
    subset: RowSubset,
    role: Role,
    selection: Selection,
    taxonomy: Taxonomy,
    labels: Labels = "parts",
    repeats: Sequence[int] | None = None,
) -> pa.Table:
    """Read the rows of a subset that have the role, with the column `USES`.

    Args:
        subset: the row group, and which of its drawings.
        role: of the rows; those to select on are used once each.
        selection: the selection split.
        taxonomy: of the labels.
        labels: that the model is trained on.
        repeats: of each category, for rows to train on; see `count_drawings`.

    Raises:
        UserError: the row group can't be read, or hasn't the drawings that were counted.
    """
    table = parquet.read_row_group(subset.path, subset.row_group, COLUMNS)
    rows = table.filter(pa.array(role_mask(table, role, selection, taxonomy, labels)))
    # Counted after the filter, because row groups are counted by rows of the role.
    if role == "select" or repeats is None:
        times_N = np.ones(len(rows), np.int64)
    elif labels == "objects":
        times_N = np.full(len(rows), repeats[-1])
    else:
        times_N = np.array(repeats)[category_ids(rows, taxonomy)]
    # Workers that read less than they counted would leave the others waiting for a step.
    if subset.drawings not in (None, times_N.sum()):
        raise UserError(
            f"{subset.path} was changed since its drawings were counted: row group "
            f"{subset.row_group} has {times_N.sum()} to {role} on, not {subset.drawings}"
        )
    uses_N = subset.count_uses(times_N)
    used = rows.append_column(USES, pa.array(uses_N))
    return used.filter(pa.array(uses_N > 0))


def shuffle_row_groups(number: int, seed: int, epoch: int) -> list[int]:
    """Return a permutation of the row groups for an epoch, the same on every worker."""
    return [int(i) for i in np.random.default_rng((seed, epoch)).permutation(number)]
