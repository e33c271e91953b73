"""A run's own log: metrics of every epoch, one line each, their curves, and two pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.metrics.formatting import PERCENT, title_of
from instancesketch.tracking.pictures import Pictures, write_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS = "metrics.jsonl"
CURVES = "curves.svg"
# Not everyone can distinguish lines by colour. With more metrics in a panel they start again.
_MARKERS = "osD^vPX*<>"
# Metrics in percent share a scale, and so a panel.
_PANELS = (("loss", ("loss", "selection_loss")), ("percent", PERCENT))


class MetricsLog:
    """Keeps a run's `metrics.jsonl` and `curves.svg`, and the pictures of its best epoch.

    Logging an epoch again replaces its line and those after it: the run was continued from an
    earlier epoch. A line that can't be written is kept, and written with the next one.
    """

    def __init__(self, run: str) -> None:
        self.run = run
        self.unwritten: list[dict[str, Any]] = []  # oldest first

    def start(self, settings: Mapping[str, Any]) -> None:
        """Do nothing: the run has its settings in `config.json`."""

    def log(self, metrics: Mapping[str, Any], pictures: Pictures | None = None) -> None:
        """Write the metrics of the epoch `metrics["epoch"]`, and its pictures as PNG files.

        Raises:
            UserError: the run's folder can't be written.
        """
        earlier = [line for line in self.unwritten if line["epoch"] < metrics["epoch"]]
        self.unwritten = [*earlier, dict(metrics)]
        written = [line for line in read(self.run) if line["epoch"] < self.unwritten[0]["epoch"]]
        lines = [*written, *self.unwritten]
        # The whole file is written again: object stores can't append.
        text = "".join(json.dumps(line) + "\n" for line in lines)
        storage.write_text(storage.join(self.run, METRICS), text)
        # What follows can be drawn again from these lines; it need not be complete.
        self.unwritten = []
        storage.write_atomically(
            storage.join(self.run, CURVES),
            lambda path: draw_curves(lines).savefig(path, format="svg"),
        )
        for name, image in pictures.images.items() if pictures else ():
            place = storage.join(self.run, f"{name}.png")
            storage.write_atomically(place, partial(write_png, image))

    def close(self, failed: bool) -> None:
        """Do nothing: each epoch is written at once."""


def read(run: str) -> list[dict[str, Any]]:
    """Return the metrics of a run so far, one entry per epoch; empty before the first.

    Raises:
        UserError: the file is damaged.
    """
    location = storage.join(run, METRICS)
    if not storage.exists(location):
        return []
    try:
        lines = [json.loads(line) for line in storage.read_bytes(location).splitlines()]
    except ValueError as error:
        raise UserError(f"{location} is damaged: {error}") from None
    if not all(isinstance(line, dict) and "epoch" in line for line in lines):
        raise UserError(f"{location} is damaged: a line is not the metrics of an epoch")
    return lines


def best_epoch(lines: Sequence[Mapping[str, Any]]) -> int:
    """Return the epoch of the highest score, the first of equals; of at least one epoch."""
    # An epoch without a score can't be chosen before one that has it.
    scores = [line["score"] if line.get("score") is not None else -math.inf for line in lines]
    best: int = lines[scores.index(max(scores))]["epoch"]
    return best


def scalars(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Yield the panel, name and value of every metric of an epoch that has a value."""
    for name, value in metrics.items():
        if name != "epoch" and isinstance(value, int | float):
            yield "percent" if name in PERCENT else name, name, float(value)


def draw_curves(lines: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the loss and the metrics in percent over the epochs."""
    # Here, because it takes every worker of a training a while, and only one of them draws.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for panel, (title, names) in zip(figure.subplots(1, len(_PANELS)), _PANELS, strict=True):
        for name, marker in zip(names, cycle(_MARKERS), strict=False):
            points = [(line["epoch"], line[name]) for line in lines if line.get(name) is not None]
            if points:
                panel.plot(*zip(*points, strict=True), marker=marker, label=title_of(name))
        panel.set(xlabel="epoch", ylabel=title)
        # A run of one epoch would get ticks at fractions of it.
        panel.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        panel.grid(alpha=0.3)
        if panel.lines:
            panel.legend(frameon=False)
    return figure
