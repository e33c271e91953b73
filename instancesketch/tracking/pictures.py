"""Draw the snapshot of a run's best epoch as pixels, for trackers that can't show SVG.

Shape letters: H, W pixels; Q parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from instancesketch.core import parquet
from instancesketch.core.schema import cast_to_schema, from_table
from instancesketch.core.sketch import Sketch
from instancesketch.render.colours import palette
from instancesketch.render.inks import stroke_inks, stroke_names
from instancesketch.render.svg import line_width, view_box
from instancesketch.tracking.run_state import RunState
from instancesketch.tracking.snapshot import Confusion, Snapshot
from instancesketch.training import sampling
from instancesketch.training.roles import role_mask

# Matplotlib is imported where something is drawn: that takes every worker of a training as long as
# half of torch, and only one of them draws.
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from instancesketch.training.config import Selection
    from instancesketch.training.roles import RowGroup
    from instancesketch.training.trainer import Fit

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

EXAMPLES = 8
_TILE = 1.6  # side of a drawing, in inches
_DOTS_PER_INCH = 100


class Examples:
    """A few drawings of the selection split, labelled again whenever an epoch is the best so far.

    Args:
        run: the run's folder.
        fit: the model in training.
        groups: the row groups of the selection split.
        selection: how the split is chosen.
    """

    def __init__(
        self, run: str, fit: Fit, groups: Sequence[RowGroup], selection: Selection
    ) -> None:
        self.state = RunState(run)
        self.fit, self.groups, self.selection = fit, groups, selection

    def save(self, epoch: int, confusion: Mapping[str, Any] | None) -> None:
        """Label the drawings with the model of an epoch, and write them into the run's state.

        Args:
            epoch: from 1.
            confusion: `parts` and `counts` over the whole selection split, where it was counted.
        """
        predicted = from_table(self.fit.label_table(self.table))
        truth, by = from_table(self.table), self.fit.shown_by
        colours: dict[str, str] = {}
        # Objects get colours of their own in each drawing.
        if by != "object":
            names = {name for sketch in (*truth, *predicted) for name in stroke_names(sketch, by)}
            of_parts = palette(*(c.parts for c in self.fit.taxonomy.categories.values()))
            colours = {name: colour for name, colour in of_parts.items() if name in names}
        self.state.write_snapshot(
            Snapshot(
                epoch=epoch,
                confusion=None if confusion is None else Confusion(**confusion),
                by=by,
                colours=colours,
                truth=truth,
                predicted=predicted,
            )
        )

    @cached_property
    def table(self) -> pa.Table:
        """Rows at equal distances over the selection split."""
        # They are the same in every epoch, so that its pictures can be compared with earlier ones.
        ends = list(accumulate(group.rows for group in self.groups))
        number = min(EXAMPLES, ends[-1])
        chosen = [i * ends[-1] // number for i in range(number)]
        tables = []
        for group, end in zip(self.groups, ends, strict=True):
            rows = [i - end + group.rows for i in chosen if end - group.rows <= i < end]
            if rows:
                tables.append(self._read(group).take(rows))
        return pa.concat_tables(tables)

    def _read(self, group: RowGroup) -> pa.Table:
        table = parquet.read_row_group(group.path, group.number, sampling.COLUMNS)
        labels = self.fit.config.labels
        mask = role_mask(table, "select", self.selection, self.fit.taxonomy, labels)
        return cast_to_schema(table.filter(pa.array(mask)))


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Images of an epoch for trackers, and the counts behind the confusion matrix."""

    confusion: Confusion | None
    images: Mapping[str, Pixels]  # (H, W, 3) each: `confusion` and `examples`, as present


def draw(snapshot: Snapshot) -> Pictures:
    """Draw the confusion matrix and the examples of a snapshot."""
    images = {}
    if snapshot.confusion is not None:
        images["confusion"] = _pixels(_draw_matrix(snapshot.confusion))
    if snapshot.truth:
        images["examples"] = _pixels(_draw_examples(snapshot))
    return Pictures(confusion=snapshot.confusion, images=images)


def write_png(image: Pixels, path: str) -> None:
    """Write an image to a local PNG file."""
    from matplotlib.image import imsave

    imsave(path, image, format="png")


def _pixels(figure: Figure) -> Pixels:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    # Without pyplot: it keeps figures alive, and isn't safe in threads.
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    # A copy: the buffer is the canvas's own.
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _draw_matrix(confusion: Confusion) -> Figure:
    """Draw the share of each true part's strokes that went to each part, labelled with counts."""
    from matplotlib.figure import Figure

    counts = np.array(confusion.counts)
    # Parts that occur in neither truth nor prediction would be empty rows and columns.
    present = np.flatnonzero(counts.sum(1) + counts.sum(0)[:-1])
    columns = [*present, *([len(counts)] if counts[:, -1].any() else [])]
    names = [*confusion.parts, "none"]
    counts = counts[np.ix_(present, columns)]
    side = 2 + 0.34 * len(columns)
    figure = Figure(figsize=(side, side - 0.4), layout="constrained", dpi=_DOTS_PER_INCH)
    axes = figure.subplots()
    # A part that was only predicted has no strokes to divide by.
    axes.imshow(counts / counts.sum(1, keepdims=True).clip(1), cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(counts), strict=True):
        # Black can't be read on the dark half of the scale.
        dark = counts[row, column] > counts[row].sum() / 2
        label = axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center")
        label.set(fontsize=6, color="w" if dark else "k")
    axes.set_xticks(range(len(columns)), [names[i] for i in columns], rotation=90, fontsize=8)
    axes.set_yticks(range(len(present)), [names[i] for i in present], fontsize=8)
    axes.set(xlabel="predicted", ylabel="true")
    return figure


def _draw_examples(snapshot: Snapshot) -> Figure:
    """Draw the examples side by side, the truth above the prediction."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    figure = Figure(
        figsize=(_TILE * len(snapshot.truth), 2 * _TILE + 0.6),
        layout="constrained",
        dpi=_DOTS_PER_INCH,
    )
    tiles = figure.subplots(2, len(snapshot.truth), squeeze=False)
    for row, sketches in zip(tiles, (snapshot.truth, snapshot.predicted), strict=True):
        for tile, sketch in zip(row, sketches, strict=True):
            _draw_sketch(tile, sketch, snapshot)
    for tile, sketch in zip(tiles[0], snapshot.truth, strict=True):
        # A longer id would run into its neighbour's.
        tile.set_title(sketch.sketch_id[:24], fontsize=7)
    for row, word in zip(tiles, ("true", "predicted"), strict=True):
        row[0].set_ylabel(word)
    if legend := snapshot.legend:
        handles = [Line2D([], [], color=colour, label=name) for name, colour in legend.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=9, fontsize=7)
    return figure


def _draw_sketch(axes: Axes, sketch: Sketch, snapshot: Snapshot) -> None:
    left, top, width, height = view_box(sketch)
    # y points down in drawings.
    axes.set(xlim=(left, left + width), ylim=(top + height, top), xticks=[], yticks=[], aspect=1)
    points_per_unit = 72 * _TILE / max(width, height)
    inks = stroke_inks(sketch, snapshot.by, snapshot.colours or None)
    for ink, points_K2 in zip(inks, sketch.to_strokes(), strict=True):
        axes.plot(
            *points_K2.T,
            color=ink.colour,
            alpha=ink.opacity,
            # As in the SVG, but never thinner than can be seen.
            linewidth=max(points_per_unit * line_width(sketch, max(width, height)), 0.8),
            linestyle=(0, ink.dash) if ink.dash else "-",
            # A line of one point draws nothing.
            marker="." if len(points_K2) == 1 else "",
            solid_capstyle="round",
        )
