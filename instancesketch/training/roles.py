"""Roles of rows: which of them train, which select, and how many there are in each row group.

This module doesn't load torch, for processes that read rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.core import row_counts
from instancesketch.core.label_ids import category_ids, part_ids, part_mask
from instancesketch.core.model_kinds import Labels
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.training.config import Role, Selection

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


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


def role_mask(
    table: pa.Table, role: Role, selection: Selection, taxonomy: Taxonomy, labels: Labels = "parts"
) -> Mask:
    """Return a mask of the rows of a role: those of its split that are labelled.

    A drawing must have a known category and its parts, if the category has any; a scene objects.
    """
    has = "object" if labels == "objects" else "part"
    is_labelled = pc.is_valid(table[has]).to_numpy()
    mask = _mask(table, is_labelled, role, selection, taxonomy, labels)
    if selection == "tenth":
        ids = table["sketch_id"].to_pylist()
        tenth = np.fromiter(map(row_counts.is_in_tenth, ids), bool, len(ids))
        mask &= tenth if role == "select" else ~tenth
    return mask


def _mask(
    table: pa.Table,
    is_labelled: Mask,
    role: Role,
    selection: Selection,
    taxonomy: Taxonomy,
    labels: Labels,
) -> Mask:
    """Return a mask of the rows of a role, or of the split of the tenth that is to be drawn."""
    # Rows without a split are there to train on.
    split = table["split"].fill_null("train").to_numpy()
    known = is_labelled
    if labels != "objects":
        category_N = category_ids(table, taxonomy)
        # The last entry is for -1.
        has_parts_C = np.append(part_mask(taxonomy).any(1), False)
        known = (category_N >= 0) & (is_labelled | ~has_parts_C[category_N])
    if role == "select" and selection == "none":
        return np.zeros(len(table), bool)
    return known & (split == ("valid" if (role, selection) == ("select", "valid") else "train"))


def count_roles(
    counts: pa.Table,
    role: Role,
    selection: Selection,
    taxonomy: Taxonomy,
    labels: Labels = "parts",
) -> list[RowGroup]:
    """Return all row groups of corpora, with counts of the rows that have a role.

    Args:
        counts: of the corpora, as `row_counts.load` returns them.
        role: of the rows.
        selection: the selection split.
        taxonomy: of the labels.
        labels: that the model is trained on.
    """
    counts = counts.combine_chunks()
    group_N, first_G = _number_groups(counts)
    has = "has_objects" if labels == "objects" else "has_parts"
    is_labelled = counts[has].fill_null(False).to_numpy()
    mask = _mask(counts, is_labelled, role, selection, taxonomy, labels)
    if selection == "tenth":
        tenth = counts["tenth"].fill_null(False).to_numpy()
        mask &= tenth if role == "select" else ~tenth
    of_role = counts.filter(pa.array(mask)).combine_chunks()
    sums = _Sums(groups=len(first_G), group_N=group_N[mask], table=of_role)
    columns = sums.of_scenes() if labels == "objects" else sums.of_drawings(taxonomy)
    paths = counts["file"].take(first_G).to_pylist()
    numbers = counts["row_group"].take(first_G).to_pylist()
    return [
        RowGroup(
            path=path,
            number=number,
            rows=rows,
            categories=tuple(categories),
            parts=tuple(parts),
            instances=instances,
            unknown_labels=unknown,
        )
        for path, number, rows, categories, parts, instances, unknown in zip(
            paths, numbers, *columns, strict=True
        )
    ]


def _number_groups(counts: pa.Table) -> tuple[Ints, Ints]:
    """Return the number of each row's row group, (N,), and the first row of each, (G,)."""
    file = counts["file"].combine_chunks().dictionary_encode()
    file_N, group_N = file.indices.to_numpy(), counts["row_group"].to_numpy()
    is_first = np.ones(len(counts), bool)
    is_first[1:] = (np.diff(file_N) != 0) | (np.diff(group_N) != 0)
    return is_first.cumsum() - 1, np.flatnonzero(is_first)


@dataclass(frozen=True, kw_only=True)
class _Sums:
    """Sums over counted rows for each of G row groups."""

    groups: int
    group_N: Ints
    table: pa.Table  # N rows

    def of_scenes(self) -> tuple[Sequence[Any], ...]:
        """Return the columns of `RowGroup` after its place, of which scenes have `rows` alone."""
        none: list[tuple[Any, ...]] = [()] * self.groups
        return self._sum("rows"), none, none, [0] * self.groups, none

    def of_drawings(self, taxonomy: Taxonomy) -> tuple[Sequence[Any], ...]:
        """Return the columns of `RowGroup` after its place."""
        category_N = category_ids(self.table, taxonomy)
        rows_N = self.table["rows"].to_numpy()
        by_category = np.zeros((self.groups, len(taxonomy.category_names)), np.int64)
        np.add.at(by_category, (self.group_N, category_N), rows_N)
        # P parts of all rows, end to end.
        part_P, parts_N = part_ids(self.table, taxonomy)
        strokes_P = self.table["strokes"].combine_chunks().flatten().to_numpy()
        group_P = np.repeat(self.group_N, parts_N)
        is_known_P = part_P >= 0
        by_part = np.zeros((self.groups, len(taxonomy.part_names)), np.int64)
        known = (group_P[is_known_P], part_P[is_known_P])
        np.add.at(by_part, known, strokes_P[is_known_P])
        category_P = np.repeat(category_N, parts_N)
        unknown_P = ~part_mask(taxonomy)[category_P, part_P] | ~is_known_P
        return (
            self._sum("rows"),
            by_category.tolist(),
            by_part.tolist(),
            self._sum("instances"),
            self._name_unknown(group_P, category_P, unknown_P, taxonomy),
        )

    def _sum(self, column: str) -> list[int]:
        sums = np.bincount(self.group_N, self.table[column].to_numpy(), self.groups)
        return [int(number) for number in sums]

    def _name_unknown(
        self, group_P: Ints, category_P: Ints, unknown_P: Mask, taxonomy: Taxonomy
    ) -> list[tuple[str, ...]]:
        named: list[set[str]] = [set() for _ in range(self.groups)]
        labels = self.table["part"].combine_chunks().flatten().filter(pa.array(unknown_P))
        found = zip(group_P[unknown_P], category_P[unknown_P], labels.to_pylist(), strict=True)
        for group, category, label in found:
            named[group].add(f"{label!r} of {taxonomy.category_names[category]}")
        return [tuple(sorted(names)) for names in named]


def count_splits(counts: pa.Table) -> Counter[str | None]:
    """Return the number of rows of each split in counted corpora."""
    sums = counts.select(["split", "rows"]).group_by("split").aggregate([("rows", "sum")])
    found = {row["split"]: row["rows_sum"] for row in sums.to_pylist()}
    return Counter({split: rows for split, rows in found.items() if rows})


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
