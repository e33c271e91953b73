"""The drawings that scenes are composed of: all of small corpora, a sample of large ones."""

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
from instancesketch.synth.scenes.composer import split_scene

# Rows that are in memory at once, and row groups of a large corpus that they are taken from.
MAX_ROWS = 12_000
MAX_GROUPS = 12
DRAWINGS_WITHOUT_CORPUS = 700  # drawings of a sample where there is no corpus


@dataclass(frozen=True, kw_only=True)
class RowGroup:
    """A row group of a corpus."""

    location: str
    number: int
    rows: int


@dataclass(frozen=True)
class DrawingSource:
    """The row groups of several corpora; without a corpus, procedural drawings."""

    corpora: tuple[tuple[RowGroup, ...], ...]

    @classmethod
    def from_corpora(cls, corpora: Sequence[str]) -> DrawingSource:
        """List the row groups of corpora of drawings or scenes.

        Raises:
            UserError: a location is not a corpus, or a file of it can't be read.
        """
        return cls(tuple(tuple(_list_row_groups(corpus)) for corpus in corpora))

    @property
    def fits_in_memory(self) -> bool:
        """Return whether every sample holds all drawings."""
        rows = sum(group.rows for groups in self.corpora for group in groups)
        return bool(self.corpora) and rows <= MAX_ROWS

    def sample(self, seed: int, number: int) -> dict[str, list[Sketch]]:
        """Return drawings by role, `train` or `valid`: by their split, or their id without one.

        Args:
            seed: 0 or more.
            number: of the sample. The sample depends on both alone, and on neither where the
                drawings fit in memory.

        Raises:
            UserError: a row is not a drawing.
        """
        roles: dict[str, list[Sketch]] = {"train": [], "valid": []}
        for sketch in self._sketches(seed, number):
            split = sketch.split or assign_split(sketch.sketch_id)
            roles["train" if split == "train" else "valid"] += split_scene(sketch)
        return roles

    def _sketches(self, seed: int, number: int) -> Iterator[Sketch]:
        if not self.corpora:
            first = number * DRAWINGS_WITHOUT_CORPUS
            yield from (draw(seed, first + i) for i in range(DRAWINGS_WITHOUT_CORPUS))
            return
        # The constant keeps these numbers apart from those that compose the scenes.
        rng = np.random.default_rng([seed, number, 0x9001])
        whole = self.fits_in_memory
        for groups in self.corpora:
            chosen = list(groups)
            if not whole and len(groups) > MAX_GROUPS:
                # Whole row groups, since a single row can't be read without its group.
                chosen = [groups[i] for i in np.sort(rng.permutation(len(groups))[:MAX_GROUPS])]
            # Each corpus has an equal share, each row group of it too.
            # `[0]`, because a corpus without rows has no groups to divide by.
            most = None if whole else -(-MAX_ROWS // len(self.corpora) // len(chosen or [0]))
            for group in chosen:
                yield from _read(group, most, rng)


def _list_row_groups(corpus: str) -> Iterator[RowGroup]:
    for location in parquet.list_row_files(corpus):
        metadata = parquet.open_parquet(location).metadata
        for i in range(metadata.num_row_groups):
            rows = metadata.row_group(i).num_rows
            if rows:
                yield RowGroup(location=location, number=i, rows=rows)


def _read(group: RowGroup, most: int | None, rng: np.random.Generator) -> Iterator[Sketch]:
    """Yield the rows of a group; at most `most` of them, drawn at random."""
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
