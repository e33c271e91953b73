"""What a run shows of its best epoch so far, as pictures of pixels: what SVG can't be shown in.

Shape letters: H, W pixels; Q parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from defusedxml import ElementTree
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.lines import Line2D

from instancesketch.core import storage
from instancesketch.core.errors import UserError

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

_TILE = 1.6  # side of a drawing, in inches
_DOTS = 100  # per inch


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a run shows of an epoch."""

    epoch: int  # from 1
    # (`parts`: Q names, `counts`: Q rows of Q + 1 strokes, truth by prediction, the last is none).
    confusion: Mapping[str, Any] | None
    examples: Sequence[Sequence[str]]  # (id, SVG in truth, SVG as predicted) of each drawing
    legend: Mapping[str, str]  # the colour of each name that has one in all of them

    @cached_property
    def pictures(self) -> dict[str, Pixels]:
        """(H, W, 3) pictures by name: `confusion`, where there is one, and `examples`."""
        found = {} if self.confusion is None else {"confusion": _pixels(_matrix(self.confusion))}
        return found | (
            {"examples": _pixels(_sheet(self.examples, self.legend))} if self.examples else {}
        )


def _location(run: str) -> str:
    return storage.join(run, "_state", "shown.json")


def leave(run: str, shown: Shown) -> None:
    """Leaves in a run's folder what is to be shown, for whoever reports."""
    storage.write_json(_location(run), {f.name: getattr(shown, f.name) for f in fields(shown)})


def left(run: str, epoch: int) -> Shown | None:
    """What was left of an epoch; None where nothing was, or by another epoch.

    Raises:
        UserError: the file is damaged, or another version's.
    """
    values = storage.read_json(_location(run))
    if values is None:
        return None
    if not isinstance(values, dict) or not _is_whole(values):
        raise UserError(
            f"{_location(run)} is damaged or of another version; without that file the run is "
            "shown without these pictures"
        )
    return Shown(**values) if values["epoch"] == epoch else None


def _is_whole(values: Mapping[str, Any]) -> bool:
    """Whether values are those of `Shown`."""
    if values.keys() != {f.name for f in fields(Shown)}:
        return False
    confusion, examples, legend = values["confusion"], values["examples"], values["legend"]
    return (
        (confusion is None or _is_confusion(confusion))
        and isinstance(examples, list)
        and all(isinstance(e, list) and [*map(type, e)] == [str] * 3 for e in examples)
        and isinstance(legend, dict)
        and all(isinstance(colour, str) for colour in legend.values())
    )


def _is_confusion(values: Any) -> bool:
    if not isinstance(values, dict) or not {"parts", "counts"} <= values.keys():
        return False
    parts, counts = values["parts"], values["counts"]
    return (
        isinstance(parts, list)
        and isinstance(counts, list)
        and [*map(type, parts)] == [str] * len(counts)
        and all(
            isinstance(row, list) and [*map(type, row)] == [int] * (len(parts) + 1)
            for row in counts
        )
    )


def write(picture: Pixels, path: str) -> None:
    """Writes a picture as a PNG file."""
    imsave(path, picture, format="png")


def _pixels(figure: Figure) -> Pixels:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _matrix(confusion: Mapping[str, Any]) -> Figure:
    """Draws the share of each true part's strokes that went to each part; the counts in words."""
    counts = np.array(confusion["counts"])
    seen = np.flatnonzero(counts.sum(1) + counts.sum(0)[:-1])
    columns = [*seen, *([len(counts)] if counts[:, -1].any() else [])]
    names = [*confusion["parts"], "none"]
    counts = counts[np.ix_(seen, columns)]
    side = 2 + 0.34 * len(columns)
    figure = Figure(figsize=(side, side - 0.4), layout="constrained", dpi=_DOTS)
    axes = figure.subplots()
    axes.imshow(counts / counts.sum(1, keepdims=True).clip(1), cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(counts), strict=True):
        dark = counts[row, column] > counts[row].sum() / 2
        label = axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center")
        label.set(fontsize=6, color="w" if dark else "k")
    axes.set_xticks(range(len(columns)), [names[i] for i in columns], rotation=90, fontsize=8)
    axes.set_yticks(range(len(seen)), [names[i] for i in seen], fontsize=8)
    axes.set(xlabel="predicted", ylabel="true")
    return figure


def _sheet(examples: Sequence[Sequence[str]], legend: Mapping[str, str]) -> Figure:
    """Draws the examples side by side, the truth above what was predicted."""
    figure = Figure(
        figsize=(_TILE * len(examples), 2 * _TILE + 0.6), layout="constrained", dpi=_DOTS
    )
    tiles = figure.subplots(2, len(examples), squeeze=False)
    for column, (name, *drawings) in zip(tiles.T, examples, strict=True):
        for tile, drawing in zip(column, drawings, strict=True):
            _draw(tile, drawing)
        column[0].set_title(name[:24], fontsize=7)
    for row, word in zip(tiles, ("true", "predicted"), strict=True):
        row[0].set_ylabel(word)
    if legend:
        handles = [Line2D([], [], color=colour, label=name) for name, colour in legend.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=9, fontsize=7)
    return figure


def _draw(axes: Axes, svg: str) -> None:
    """Draws what `svg.to_svg` has drawn."""
    root = ElementTree.fromstring(svg)
    left, top, width, height = (float(v) for v in root.get("viewBox").split())
    axes.set(xlim=(left, left + width), ylim=(top + height, top), xticks=[], yticks=[], aspect=1)
    unit = float(root.get("stroke-width"))  # matplotlib counts dashes in widths of the line
    for line in root.iter("{http://www.w3.org/2000/svg}polyline"):
        x, y = zip(*(pair.split(",") for pair in line.get("points").split()), strict=True)
        dashes = [float(v) / unit for v in line.get("stroke-dasharray", "").split()]
        axes.plot(
            [float(v) for v in x],
            [float(v) for v in y],
            color=line.get("stroke"),
            alpha=float(line.get("stroke-opacity", 1)),
            linewidth=max(72 * _TILE * unit / max(width, height), 0.8),
            linestyle=(0, dashes) if dashes else "-",
            marker="." if line.get("data-dot") is not None else "",
            solid_capstyle="round",
        )
