"""A run's own log: figures per epoch, one line each, drawn as curves, beside two pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.metrics.formatting import title_of
from instancesketch.tracking import pictures
from instancesketch.tracking.pictures import Shown

METRICS = "metrics.jsonl"
CURVES = "curves.svg"
# One panel each: what shares a scale shares a panel.
PERCENT = (
    "macro_f1",
    "part_accuracy",
    "C",
    "P",
    "grouping",
    "ari",
    "pq",
    "pq_seven",
    "map50",
    "map",
)
_MARKERS = "osD^vPX*<>"  # as many as figures that share a panel, for who can't tell colours
_PANELS = (("loss", ("loss",)), ("percent", PERCENT))


class RunLog:
    """Keeps `metrics.jsonl` and `curves.svg` of a run's folder up to date, one line an epoch, and
    the pictures of its best epoch, `confusion.png` and `examples.png`.

    A run that was continued from an earlier epoch replaces the lines from there on. A line that
    can't be written is kept, and written with the next one.
    """

    def __init__(self, run: str) -> None:
        self.run = run
        self.late: list[dict[str, Any]] = []  # what is still to be written, oldest first

    def start(self, settings: Mapping[str, Any]) -> None:
        """Does nothing: a run begins with its settings in `config.json`."""

    def log(self, figures: Mapping[str, Any], shown: Shown | None = None) -> None:
        """Adds the figures of the epoch that `figures["epoch"]` names."""
        earlier = [line for line in self.late if line["epoch"] < figures["epoch"]]
        self.late = [*earlier, dict(figures)]
        kept = [line for line in read(self.run) if line["epoch"] < self.late[0]["epoch"]]
        lines = [*kept, *self.late]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        storage.write_text(storage.join(self.run, METRICS), text)
        self.late = []
        storage.write_atomically(
            storage.join(self.run, CURVES),
            lambda path: draw_curves(lines).savefig(path, format="svg"),
        )
        for name, picture in shown.pictures.items() if shown else ():
            place = storage.join(self.run, f"{name}.png")
            storage.write_atomically(place, partial(pictures.write, picture))

    def close(self, failed: bool) -> None:
        """Does nothing: every epoch is written whole."""


def read(run: str) -> list[dict[str, Any]]:
    """The figures of a run so far, one entry an epoch; none where there are none yet.

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
        raise UserError(f"{location} is damaged: a line is not the figures of an epoch")
    return lines


def scalars(figures: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    """The panel, name and value of every figure of an epoch that is there."""
    for name, value in figures.items():
        if name != "epoch" and isinstance(value, int | float):
            yield "percent" if name in PERCENT else name, name, float(value)


def draw_curves(lines: Sequence[Mapping[str, Any]]) -> Figure:
    """Draws how figures went over the epochs."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for panel, (title, names) in zip(figure.subplots(1, len(_PANELS)), _PANELS, strict=True):
        for name, marker in zip(names, _MARKERS, strict=False):
            points = [(line["epoch"], line[name]) for line in lines if line.get(name) is not None]
            if points:
                panel.plot(*zip(*points, strict=True), marker=marker, label=title_of(name))
        panel.set(xlabel="epoch", ylabel=title)
        panel.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        panel.grid(alpha=0.3)
        if panel.lines:
            panel.legend(frameon=False)
    return figure
