"""What a run tells while it goes on: figures per epoch, kept with the run and drawn as curves."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from matplotlib.figure import Figure

from instancesketch import storage
from instancesketch.progress import clock_text

_log = logging.getLogger(__name__)

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
_PANELS = (("loss", ("loss",)), ("percent", PERCENT))


class RunLog:
    """Keeps `metrics.jsonl` and `curves.svg` of a run's folder up to date, one line an epoch.

    A run that was continued from an earlier epoch replaces the lines from there on.
    """

    def __init__(self, run: str) -> None:
        self.run = run

    def log(self, figures: Mapping[str, Any]) -> None:
        """Adds the figures of the epoch that `figures["epoch"]` names."""
        kept = [line for line in read(self.run) if line["epoch"] < figures["epoch"]]
        lines = [*kept, dict(figures)]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        storage.write_text(storage.join(self.run, METRICS), text)
        storage.write_whole(
            storage.join(self.run, CURVES),
            lambda path: draw_curves(lines).savefig(path, format="svg"),
        )


def read(run: str) -> list[dict[str, Any]]:
    """The figures of a run so far, one entry an epoch; none where there are none yet."""
    location = storage.join(run, METRICS)
    if not storage.exists(location):
        return []
    return [json.loads(line) for line in storage.read_bytes(location).splitlines()]


def draw_curves(lines: Sequence[Mapping[str, Any]]) -> Figure:
    """Draws how figures went over the epochs."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for panel, (title, names) in zip(figure.subplots(1, len(_PANELS)), _PANELS, strict=True):
        for name in names:
            points = [(line["epoch"], line[name]) for line in lines if line.get(name) is not None]
            if points:
                panel.plot(*zip(*points, strict=True), marker=".", label=name.replace("_", " "))
        panel.set(xlabel="epoch", ylabel=title)
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(alpha=0.3)
        if panel.lines:
            panel.legend(frameon=False)
    return figure


def give_sign(run: str, sign: Mapping[str, Any]) -> None:
    """Leaves word of how far a run is within its epoch, for whoever follows it."""
    storage.write_json(storage.join(run, "_state", "progress.json"), sign)


@contextmanager
def following(run: str, name: str, quiet: bool) -> Iterator[None]:
    """Logs and prints how far the run is while something waits for it: signs of life, then figures.

    A quiet one prints nothing.
    """
    done = threading.Event()
    thread = threading.Thread(target=_follow, args=(run, name, quiet, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _follow(run: str, name: str, quiet: bool, done: threading.Event) -> None:
    told = len(read(run))
    last_sign: Any = None
    last_shown = 0.0
    terminal = sys.stderr.isatty()
    ended = False
    while not ended:
        ended = done.wait(0.5)
        lines = read(run)
        for line in lines[told:]:
            words = [f"{name}: epoch {line['epoch']} took {clock_text(line['seconds'])}"]
            words.append(f"loss {line['loss']:.4f}")
            words += [
                f"{key.replace('_', ' ')} {line[key]:.2f}"
                for key in PERCENT
                if line.get(key) is not None
            ]
            _log.info("%s", ", ".join(words))
            if not quiet:
                _say(", ".join(words), over=False, terminal=terminal)
        told = len(lines)
        if quiet:
            continue
        sign = storage.read_json(storage.join(run, "_state", "progress.json"))
        pause = 0.5 if terminal else 15.0
        if sign and sign != last_sign and time.monotonic() - last_shown > pause and not ended:
            last_sign, last_shown = sign, time.monotonic()
            text = "{epoch} of {epochs}, step {step} of {steps}".format(**sign)
            left = clock_text(sign["seconds_left"])
            rate = sign["steps_per_second"]
            _say(
                f"{name}: epoch {text}, {rate:.1f} steps/s, {left} left",
                over=True,
                terminal=terminal,
            )


def _say(text: str, *, over: bool, terminal: bool) -> None:
    if terminal:
        print(f"\r\x1b[2K{text}", end="" if over else "\n", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)
