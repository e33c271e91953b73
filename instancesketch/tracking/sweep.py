"""A sweep's folder: what its trials were, how they ended, and what came out.

A sweep is a folder: `config.json` (its resolved settings), a run's folder for each trial, and when
all were tried `trials.json`, `trials.csv`, `best.toml`, `curves.svg` and `parameters.svg`; once
none is to be tried again `summary.json`, too. Figures are read from the runs' own folders, whatever
happened to who watched them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from instancesketch.core import storage
from instancesketch.core.model_kinds import MODEL_KINDS
from instancesketch.core.progress import clock_text
from instancesketch.tracking import metrics_log
from instancesketch.training.search_space import Space, Values

Outcome = Literal["finished", "stopped early", "failed"]

TITLES: Mapping[str, str] = {"macro_f1": "macro-F1", "grouping": "grouping"}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One trial: its values, and what its run has come to."""

    number: int
    values: Values
    outcome: Outcome | None  # None: not at its end
    reason: str = ""  # why it failed
    again: bool = False  # it may do better when it is tried again: it wasn't for its values
    epochs: int = 0  # done
    score: float | None = None  # in percent, of its best epoch on the selection split
    best_epoch: int | None = None
    scores: tuple[float | None, ...] = ()  # of every epoch done
    seconds: float = 0.0  # of its epochs

    @property
    def name(self) -> str:
        return name_of(self.number)

    @property
    def to_do(self) -> bool:
        """Whether a sweep that goes on has it to do, or to do again."""
        return self.outcome is None or self.again


def name_of(number: int) -> str:
    """What a trial's run is called."""
    return f"trial-{number:02}"


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Where a sweep is kept, and of which model it is."""

    location: str
    kind: str

    @property
    def figure(self) -> str:
        """The name of the figure that trials are compared by."""
        return MODEL_KINDS[self.kind].score

    def run_of(self, number: int) -> str:
        """The folder of a trial's run."""
        return storage.join(self.location, name_of(number))

    def _note(self, number: int) -> str:
        return storage.join(self.location, "_state", f"{name_of(number)}.json")

    def ask(self, number: int, values: Values) -> None:
        """Notes that there is to be a trial of these values."""
        storage.write_json(self._note(number), {"number": number, "values": values})

    def end(self, number: int, outcome: Outcome, reason: str = "", again: bool = False) -> None:
        """Notes how a trial ended whose run isn't finished."""
        ended = {"outcome": outcome, "reason": reason, "again": again}
        storage.write_json(self._note(number), storage.read_json(self._note(number)) | ended)

    def trials(self) -> list[Trial]:
        """All trials that there were to be so far, by number, as their runs' folders have them."""
        found: list[Trial] = []
        while (note := storage.read_json(self._note(len(found) + 1))) is not None:
            found.append(self._read(note))
        return found

    def trial(self, number: int) -> Trial:
        """One of them."""
        return self._read(storage.read_json(self._note(number)))

    def _read(self, note: Mapping[str, Any]) -> Trial:
        number = note["number"]
        lines = metrics_log.read(self.run_of(number))
        finished = storage.exists(storage.join(self.run_of(number), "summary.json"))
        scores = [line.get(self.figure) for line in lines]
        score = max((s for s in scores if s is not None), default=None)
        return Trial(
            number=number,
            values=note["values"],
            # A run may have come to its end just when it was to be stopped.
            outcome="finished" if finished and not note.get("reason") else note.get("outcome"),
            reason=note.get("reason", ""),
            again=note.get("again", False),
            epochs=len(lines),
            score=score,
            best_epoch=None if score is None else lines[scores.index(score)]["epoch"],
            scores=tuple(scores),
            seconds=sum(line["seconds"] for line in lines),
        )


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """The best first: finished or stopped by score, then those that failed."""
    return sorted(
        trials, key=lambda t: (t.outcome == "failed", -(t.score if t.score is not None else -1))
    )


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The finished trial of the highest score, the earlier of two; None without any."""
    finished = [t for t in trials if t.outcome == "finished" and t.score is not None]
    return ranked(finished)[0] if finished else None


def table_of(trials: Sequence[Trial], figure: str) -> list[dict[str, Any]]:
    """The table of a sweep, the best trial first."""
    return [
        {
            "trial": t.name,
            figure: t.score,
            "best_epoch": t.best_epoch,
            "epochs": t.epochs,
            "outcome": t.outcome,
            "reason": t.reason,
            "seconds": round(t.seconds, 3),
            "values": dict(t.values),
        }
        for t in ranked(trials)
    ]


def to_csv(table: Sequence[Mapping[str, Any]]) -> str:
    """The table as CSV, a column for each value; lists as JSON has them."""
    flat = [{**row, **row["values"]} for row in table]
    for row in flat:
        del row["values"]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(flat[0]), lineterminator="\n")
    writer.writeheader()
    for row in flat:
        writer.writerow({k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()})
    return stream.getvalue()


def to_text(table: Sequence[Mapping[str, Any]], figure: str) -> str:
    """The table for people: a line a trial, its values at the end of the line."""
    title = TITLES[figure]
    lines = [f"{'trial':10} {title:>8} {'epochs':>6} {'took':>8}  {'ended':13} values"]
    for row in table:
        score = "-" if row[figure] is None else f"{row[figure]:.2f}"
        values = row["reason"] if row["outcome"] == "failed" else ""
        values = values or ", ".join(f"{k} {_short(v)}" for k, v in row["values"].items())
        lines.append(
            f"{row['trial']:10} {score:>8} {row['epochs']:>6} {clock_text(row['seconds']):>8}  "
            f"{row['outcome']:13} {values}"
        )
    return "\n".join(lines)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else json.dumps(value).replace('"', "")


def best_config(sweep: Sweep, space: Space, best: Trial, options: Mapping[str, Any]) -> str:
    """The TOML file with which `train --config` trains the best trial again, exactly.

    Args:
        sweep: of the trial.
        space: what it searched.
        best: the trial.
        options: others of `train` that all trials had.
    """
    lines = [
        f"# {best.name} of the sweep {sweep.location}: {TITLES[sweep.figure]} {best.score:.2f}",
        "# on the drawings that the sweep chose by, so no figure to report.",
        f"# instancesketch train {sweep.kind} --config best.toml --data CORPUS --run NAME",
        f"recipe = {json.dumps(space.recipe)}",
        "set = [",
        *(f"    {json.dumps(change)}," for change in space.changes_of(best.values)),
        "]",
        *(f"{name} = {json.dumps(value)}" for name, value in options.items()),
    ]
    return "\n".join(lines) + "\n"
