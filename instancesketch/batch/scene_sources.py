"""Drawings from which scenes are composed: all of small corpora, some of large ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from instancesketch.core import parquet
from instancesketch.core.errors import SketchError, UserError
from instancesketch.core.hashing import assign_split
from instancesketch.core.schema import iter_sketches
from instancesketch.core.sketch import Sketch
from instancesketch.synth.draw import draw
from instancesketch.synth.scenes.composer import drawings_of

# Rows that are held at once, and row groups of a large corpus that they are taken from.
_ROWS = 12_000
_GROUPS = 12
_PROCEDURAL = 700


@dataclass(frozen=True, kw_only=True)
class Group:
    """A row group of a corpus."""

    location: str
    number: int
    rows: int


@dataclass(frozen=True)
class Stock:
    """Where drawings come from: the row groups of each corpus; of no corpus, from the hand."""

    corpora: tuple[tuple[Group, ...], ...]

    @classmethod
    def of(cls, corpora: Sequence[str]) -> Stock:
        """Looks at corpora of drawings or scenes.

        Raises:
            UserError: a location is no corpus, or a file of it can't be read.
        """
        return cls(tuple(tuple(_groups(corpus)) for corpus in corpora))

    @property
    def is_whole(self) -> bool:
        """Whether a sample is always all there is."""
        return bool(self.corpora) and sum(g.rows for c in self.corpora for g in c) <= _ROWS

    def sample(self, seed: int, number: int) -> dict[str, list[Sketch]]:
        """Drawings by role, `train` or `valid`: by their split, or their id where that is unknown.

        Args:
            seed: 0 or more.
            number: of the sample, which depends on both alone; of a stock that is whole it doesn't.

        Raises:
            UserError: a row is no drawing.
        """
        roles: dict[str, list[Sketch]] = {"train": [], "valid": []}
        for sketch in self._drawings(seed, number):
            split = sketch.split or assign_split(sketch.sketch_id)
            roles["train" if split == "train" else "valid"] += drawings_of(sketch)
        return roles

    def _drawings(self, seed: int, number: int) -> Iterator[Sketch]:
        if not self.corpora:
            for i in range(number * _PROCEDURAL, (number + 1) * _PROCEDURAL):
                yield draw(seed, i)
            return
        rng = np.random.default_rng([seed, number, 0x9001])
        for groups in self.corpora:
            chosen = list(groups)
            if not self.is_whole and len(groups) > _GROUPS:
                chosen = [groups[i] for i in np.sort(rng.permutation(len(groups))[:_GROUPS])]
            most = None if self.is_whole else -(-_ROWS // len(self.corpora) // len(chosen or [0]))
            for group in chosen:
                yield from _read(group, most, rng)


def _groups(corpus: str) -> Iterator[Group]:
    for location in parquet.list_row_files(corpus):
        metadata = parquet.open_parquet(location).metadata
        for i in range(metadata.num_row_groups):
            rows = metadata.row_group(i).num_rows
            if rows:
                yield Group(location=location, number=i, rows=rows)


def _read(group: Group, most: int | None, rng: np.random.Generator) -> Iterator[Sketch]:
    """The rows of a group, or as many of them by chance as are wanted at most."""
    try:
        table = parquet.open_parquet(group.location).read_row_group(group.number)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split("\n")[0]
        raise UserError(f"{group.location} can't be read: {reason}") from None
    if most is not None and most < len(table):
        table = table.take(np.sort(rng.permutation(len(table))[:most]))
    try:
        for sketch in iter_sketches(table):
            if isinstance(sketch, SketchError):
                raise sketch
            yield sketch
    except SketchError as error:
        raise UserError(f"{group.location}, row group {group.number}: {error}") from None
