"""Rows that train and rows that select, and which of them each worker reads.

For a given number of workers the order is a function of seed and epoch alone: row groups are
permuted and assigned to workers, and each worker shuffles what it reads (`dataloader`). A row
counts as many drawings as a recipe uses it, so that each worker has exactly its part of every step.
This module doesn't load torch, because importing it takes longer than most of what the reading
processes do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from instancesketch.core import parquet, row_counts
from instancesketch.core.errors import UserError
from instancesketch.core.label_ids import category_ids
from instancesketch.core.model_kinds import Labels
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.training.config import FitConfig, Role, Selection
from instancesketch.training.roles import RowGroup, count_drawings, role_mask

COLUMNS = [
    "sketch_id", "category", "split", "x", "y", "stroke_len", "part", "instance", "object",
    "object_category",
]  # fmt: skip
# The column of rows that were read: how often this worker uses each, int64.
USES = "uses"
# With fewer row groups per worker each gets rows of all of them, so that its batches are as mixed.
GROUPS_PER_WORKER = 16
# Strokes of a worker and step from which its batch norms needn't measure those of the others.
MANY_STROKES = 256
_GOLDEN = (math.sqrt(5) - 1) / 2


def count_repeats(recipe: FitConfig, taxonomy: Taxonomy) -> tuple[int, ...]:
    """Return how often an epoch uses a drawing of each category."""
    return tuple(recipe.passes * recipe.oversample.get(name, 1) for name in taxonomy.category_names)


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Divide the drawings of each step of an epoch among the workers.

    Every batch is divided alike, and all workers take part in all steps, because they average their
    gradients. In the last step, where there may be fewer drawings, the last workers have fewer of
    them or none; so do some in every step if there are more workers than a batch has drawings.
    """

    drawings: int  # that an epoch uses over all workers
    batch_size: int  # drawings per step over all workers
    workers: int

    @property
    def steps(self) -> int:
        """Return the number of steps of an epoch, the same on all workers."""
        return -(-self.drawings // self.batch_size)

    def of_step(self, step: int) -> int:
        """Return the drawings of a step, from 0, over all workers."""
        return min(self.batch_size, self.drawings - step * self.batch_size)

    def of_worker(self, worker: int, step: int) -> int:
        """Return the drawings of a worker in a step, from 0."""
        of_step = self.of_step(step)
        return self.before(worker + 1, of_step) - self.before(worker, of_step)

    def of_steps(self, worker: int) -> list[int]:
        """Return the drawings of a worker in each step."""
        return [self.of_worker(worker, step) for step in range(self.steps)]

    def before(self, worker: int, drawings: int) -> int:
        """Return how many of the first `drawings` of an epoch go to the workers before one."""
        # Each batch's first drawings. The shares of a full one differ by one at most.
        of_batch = worker * self.batch_size // self.workers
        batches, rest = divmod(drawings, self.batch_size)
        return batches * of_batch + min(rest, of_batch)


def count_strokes(groups: Sequence[RowGroup], drawings: float) -> float:
    """Return the strokes of so many average drawings; 0 for scenes, whose strokes are unknown."""
    strokes = sum(sum(group.parts) for group in groups)
    return strokes / max(1, sum(group.rows for group in groups)) * drawings


def shares_norms(groups: Sequence[RowGroup], shares: Shares) -> bool:
    """Return whether batch norms measure the strokes of all workers together.

    They do where a worker has too few in a step, as it may have of scenes.
    """
    each = min(shares.batch_size, shares.drawings) / shares.workers
    return shares.workers > 1 and count_strokes(groups, each) < MANY_STROKES


@dataclass(frozen=True, kw_only=True)
class RowSubset:
    """Rows of a role in a row group, read at once: some of its drawings, by their numbers.

    A row is as many drawings as it is used. Rows that lie together, such as those of one category,
    have numbers that are far apart, so that every subset is as mixed as the row group.
    """

    path: str
    row_group: int
    first: int = 0
    end: int | None = None  # before this one; None: all
    drawings: int | None = None  # of the whole row group when it was counted; None: any

    def count_uses(self, times_N: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return how many drawings of the subset each of N rows is, given how many it is in all."""
        # Numbers whose multiples of the golden ratio have fractions in an interval are evenly
        # spread, whatever the interval (three-gap theorem, Sós 1958).
        order = np.argsort(np.arange(len(times_N)) * _GOLDEN % 1, kind="stable")
        after_N = times_N[order].cumsum()
        before_N = after_N - times_N[order]
        uses_N = np.empty_like(times_N)
        uses_N[order] = after_N.clip(self.first, self.end) - before_N.clip(self.first, self.end)
        return uses_N


def count_row_groups(corpora: Sequence[str], most: int) -> tuple[pa.Table, float]:
    """Count the rows of corpora, or where no counts are kept, those of a sample.

    Args:
        corpora: absolute locations.
        most: row groups to read; of more, an evenly spread sample.

    Returns:
        The counts, and an estimate of the ratio of all row groups to those that were counted.

    Raises:
        UserError: a location is not a corpus, or a file of it can't be read.
    """
    if row_counts.are_kept(corpora):
        return row_counts.load(corpora), 1.0
    sampled, scale = _sample_row_groups(corpora, most)
    counts = [row_counts.survey_row_group(*group) for group in sampled]
    return pa.concat_tables([row_counts.COUNTS_SCHEMA.empty_table(), *counts]), scale


def _sample_row_groups(corpora: Sequence[str], most: int) -> tuple[list[tuple[str, int]], float]:
    """List at most `most` row groups, evenly spread, and estimate the ratio of all to these."""
    files = [location for corpus in corpora for location in parquet.list_row_files(corpus)]
    # Each footer is a request to an object store, so of many files only some are opened.
    opened = files[:: max(1, -(-len(files) // most))]
    groups = [(f, i) for f in opened for i in range(parquet.open_parquet(f).num_row_groups)]
    sampled = groups[:: max(1, -(-len(groups) // most))]
    if not sampled:
        return [], 1.0
    return sampled, len(files) / len(opened) * len(groups) / len(sampled)


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
