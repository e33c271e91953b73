"""The snapshot of a run's best epoch: confusion of parts, and example drawings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from instancesketch.core import storage
from instancesketch.core.errors import SketchError
from instancesketch.core.schema import INPUT_COLUMNS, RESULT_SCHEMA, from_table, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats.readers import svg_shapes
from instancesketch.render.colours import palette

ColourBy = Literal["part", "instance", "object"]
Row = dict[str, Any]  # of a corpus or a result, by column

# Of a predicted row; its points are those of the true one, and stored once.
_PREDICTED = tuple(name for name in RESULT_SCHEMA.names if name not in INPUT_COLUMNS)


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Strokes of the selection split, truth by prediction, of Q parts."""

    parts: list[str]
    counts: list[list[int]]  # Q rows of Q + 1 columns; the last is strokes without a prediction

    def __post_init__(self) -> None:
        if [len(row) for row in self.counts] != [len(self.parts) + 1] * len(self.parts):
            raise ValueError("a row for each part, and a column more")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Confusion and example drawings of an epoch."""

    epoch: int  # from 1
    confusion: Confusion | None
    by: ColourBy  # what strokes are coloured by
    colours: dict[str, str]  # of the parts in the drawings; empty by object
    truth: Sequence[Sketch]
    predicted: Sequence[Sketch]  # the same drawings, in the same order

    @property
    def legend(self) -> dict[str, str]:
        """The colours that mean the same in all of the drawings."""
        return self.colours if self.by == "part" else {}


@dataclass(frozen=True, kw_only=True)
class StoredSnapshot:
    """A snapshot as JSON has it: drawings as rows, the predicted ones without their points."""

    epoch: int
    confusion: Confusion | None
    by: ColourBy
    colours: dict[str, str]
    truth: list[Row]
    predicted: list[Row]

    @classmethod
    def of(cls, snapshot: Snapshot) -> StoredSnapshot:
        """Return a snapshot's JSON form."""
        truth = _rows(snapshot.truth, RESULT_SCHEMA.names)
        for row in truth:
            # The shortest decimals that give each float32 again.
            row |= {axis: [float(f"{v:.9g}") for v in row[axis]] for axis in ("x", "y")}
        return cls(
            epoch=snapshot.epoch,
            confusion=snapshot.confusion,
            by=snapshot.by,
            colours=snapshot.colours,
            truth=truth,
            predicted=_rows(snapshot.predicted, _PREDICTED),
        )

    def restore(self, run: str) -> Snapshot:
        """Return the snapshot.

        Raises:
            ValueError: the rows aren't sketches.
        """
        rows = zip(self.truth, self.predicted, strict=True)
        return Snapshot(
            epoch=self.epoch,
            confusion=self.confusion,
            by=self.by,
            colours=self.colours,
            truth=_sketches(self.truth),
            predicted=_sketches([true | predicted for true, predicted in rows]),
        )


@dataclass(frozen=True, kw_only=True)
class SvgSnapshot:
    """A snapshot as version 1 of the file has it: (id, true SVG, predicted SVG) of each drawing."""

    epoch: int
    confusion: Confusion | None
    examples: list[list[str]]
    legend: dict[str, str]  # empty by instance or object

    def restore(self, run: str) -> Snapshot:
        """Return the snapshot; its colours by instance are those of the run's taxonomy.

        Raises:
            ValueError: the examples aren't drawings.
        """
        drawings = [
            [_parse_svg(svg, name) for svg in (true, predicted)]
            for name, true, predicted in self.examples
        ]
        truth, predicted = zip(*drawings, strict=True) if drawings else ((), ())
        # The file doesn't have `by`; its legend is empty but where strokes are coloured by part.
        by: ColourBy = "instance"
        if self.legend:
            by = "part"
        elif any(sketch.object is not None for sketch in truth):
            by = "object"
        return Snapshot(
            epoch=self.epoch,
            confusion=self.confusion,
            by=by,
            colours=_colours(run) if by == "instance" else self.legend,
            truth=truth,
            predicted=predicted,
        )


def _colours(run: str) -> dict[str, str]:
    # By instance the SVGs have shades: the parts' own colours can't be read from them.
    config = storage.read_json(storage.join(run, "config.json")) or {}
    if "taxonomy" not in config:
        return {}
    taxonomy = Taxonomy.from_dict(config["taxonomy"])
    return palette(*(category.parts for category in taxonomy.categories.values()))


def _rows(sketches: Sequence[Sketch], columns: Sequence[str]) -> list[Row]:
    rows: list[Row] = to_table(sketches, RESULT_SCHEMA).select(columns).to_pylist()
    return rows


def _sketches(rows: Sequence[Row]) -> list[Sketch]:
    try:
        return from_table(pa.Table.from_pylist(list(rows), schema=RESULT_SCHEMA))
    except (pa.ArrowException, SketchError, TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None


def _parse_svg(svg: str, name: str) -> Sketch:
    try:
        # Without resolving labels: `to_svg` wrote canonical ones.
        return Sketch(**svg_shapes.parse(svg.encode(), name).fields)
    except SketchError as error:
        raise ValueError(str(error)) from None
