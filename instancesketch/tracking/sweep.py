"""The folder of a sweep: the values of its trials, how they ended, and the results.

It holds `config.json` (the resolved settings), the run of each trial, and once all were tried
`trials.json`, `trials.csv`, `best.toml`, `curves.svg` and `parameters.svg`; once none is to be
tried again `summary.json`, too. Metrics are read from the runs' own folders: they are whole even
where the process that ran the sweep was killed.
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
from instancesketch.metrics.formatting import title_of
from instancesketch.metrics.terminal import TextTable
from instancesketch.tracking import checkpoints, metrics_log
from instancesketch.training.search_space import Space, Values

Outcome = Literal["finished", "stopped early", "failed"]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A trial: its values, and the state of its run."""

    number: int  # from 1
    values: Values
    outcome: Outcome | None  # None: still to run, or running
    reason: str = ""  # of a failure
    retry: bool = False  # the values aren't to blame for the failure: it may pass
    epochs: int = 0  # done
    score: float | None = None  # in percent, of the best epoch on the selection split
    best_epoch: int | None = None
    scores: tuple[float | None, ...] = ()  # of each epoch done
    seconds: float = 0.0  # of its epochs

    @property
    def name(self) -> str:
        """The name of its run."""
        return trial_name(self.number)

    @property
    def pending(self) -> bool:
        """True if a continued sweep runs it, for the first time or again."""
        return self.outcome is None or self.retry


def trial_name(number: int) -> str:
    """Return the name of a trial's run."""
    return f"trial-{number:02}"


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The folder of a sweep, and the model kind that is trained."""

    location: str
    model_kind: str

    @property
    def metric(self) -> str:
        """The key of the metric that trials are compared by."""
        return MODEL_KINDS[self.model_kind].score

    @property
    def metric_title(self) -> str:
        """The metric's name for people."""
        return title_of(self.metric)

    def run_folder(self, number: int) -> str:
        """Return the folder of a trial's run."""
        return storage.join(self.location, trial_name(number))

    def _record_file(self, number: int) -> str:
        return storage.join(self.location, "_state", f"{trial_name(number)}.json")

    def add_trial(self, number: int, values: Values) -> None:
        """Record a trial that is going to run; of the same number, in place of an earlier one."""
        storage.write_json(self._record_file(number), {"number": number, "values": values})

    def end_trial(
        self, number: int, outcome: Outcome, reason: str = "", retry: bool = False
    ) -> None:
        """Record how a trial ended whose run isn't finished."""
        record = storage.read_json(self._record_file(number))
        end = {"outcome": outcome, "reason": reason, "again": retry}
        storage.write_json(self._record_file(number), record | end)

    def trials(self) -> list[Trial]:
        """Return all trials so far, by number."""
        trials: list[Trial] = []
        # Numbers have no gaps: trials are recorded in their order before they run.
        while (record := storage.read_json(self._record_file(len(trials) + 1))) is not None:
            trials.append(self._read(record))
        return trials

    def trial(self, number: int) -> Trial:
        """Return a trial."""
        return self._read(storage.read_json(self._record_file(number)))

    def remove_checkpoints(self) -> None:
        """Remove the checkpoints of all trials that ended, but for the best so far."""
        trials = self.trials()
        best = best_trial(trials)
        for trial in trials:
            if not trial.pending and trial != best:
                storage.remove(storage.join(self.run_folder(trial.number), checkpoints.FOLDER))

    def _read(self, record: Mapping[str, Any]) -> Trial:
        number = record["number"]
        run = self.run_folder(number)
        lines = metrics_log.read(run)
        # A run may have finished at the moment when it was to be stopped.
        finished = storage.exists(storage.join(run, "summary.json")) and not record.get("reason")
        scores = [line.get(self.metric) for line in lines]
        score = max((s for s in scores if s is not None), default=None)
        return Trial(
            number=number,
            values=record["values"],
            outcome="finished" if finished else record.get("outcome"),
            reason=record.get("reason", ""),
            retry=record.get("again", False),
            epochs=len(lines),
            score=score,
            best_epoch=None if score is None else lines[scores.index(score)]["epoch"],
            scores=tuple(scores),
            seconds=sum(line["seconds"] for line in lines),
        )


def rank_trials(trials: Sequence[Trial]) -> list[Trial]:
    """Sort trials by score, the best first and those that failed last."""
    # Scores are at least 0, so -1 ranks trials without one below all others.
    return sorted(
        trials, key=lambda t: (t.outcome == "failed", -(t.score if t.score is not None else -1))
    )


def best_trial(trials: Sequence[Trial]) -> Trial | None:
    """Return the finished trial of the highest score, the first of equals; None without any."""
    # Only finished runs have weights.
    finished = [t for t in trials if t.outcome == "finished" and t.score is not None]
    return rank_trials(finished)[0] if finished else None


def build_table(trials: Sequence[Trial], metric: str) -> list[dict[str, Any]]:
    """Return a row for each trial, the best first, with its score under the metric's key."""
    return [
        {
            "trial": t.name,
            metric: t.score,
            "best_epoch": t.best_epoch,
            "epochs": t.epochs,
            "outcome": t.outcome,
            "reason": t.reason,
            "seconds": round(t.seconds, 3),
            "values": dict(t.values),
        }
        for t in rank_trials(trials)
    ]


def table_to_csv(table: Sequence[Mapping[str, Any]]) -> str:
    """Return the table as CSV with a column for each value; lists as JSON."""
    flat = [{**row, **row["values"]} for row in table]
    for row in flat:
        del row["values"]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(flat[0]), lineterminator="\n")
    writer.writeheader()
    # Lists as `--set` takes them.
    for row in flat:
        writer.writerow({k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()})
    return stream.getvalue()


def text_table(table: Sequence[Mapping[str, Any]], metric: str, best: str) -> TextTable:
    """Return the table for people: a row for each trial, its values at the end.

    Args:
        table: the table.
        metric: the key of the score.
        best: the name of the trial to mark.
    """
    names = [row["trial"] for row in table]
    return TextTable(
        head=["trial", title_of(metric), "epochs", "took", "ended", "values"],
        rows=[_text_row(row, metric) for row in table],
        texts=(0, 4, 5),
        best=names.index(best) if best in names else None,
    )


def _text_row(row: Mapping[str, Any], metric: str) -> list[str]:
    values = row["reason"] if row["outcome"] == "failed" else ""
    values = values or ", ".join(f"{k} {_value_text(v)}" for k, v in row["values"].items())
    # A trial that failed before its first epoch has no score.
    score = "-" if row[metric] is None else f"{row[metric]:.2f}"
    took = clock_text(row["seconds"])
    return [row["trial"], score, str(row["epochs"]), took, row["outcome"], values]


def _value_text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else json.dumps(value).replace('"', "")


def best_toml(sweep: Sweep, space: Space, best: Trial, options: Mapping[str, Any]) -> str:
    """Return a TOML file with which `train --config` trains the best trial again, exactly.

    Args:
        sweep: the trial's sweep.
        space: the search space.
        best: the trial.
        options: further options of `train` that all trials had.
    """
    lines = [
        f"# {best.name} of the sweep {sweep.location}: {sweep.metric_title} {best.score:.2f}",
        "# on the drawings that the sweep selected by: not a figure to report.",
        f"# instancesketch train {sweep.model_kind} --config best.toml --data CORPUS --run NAME",
        f"recipe = {json.dumps(space.recipe)}",
        "set = [",
        *(f"    {json.dumps(change)}," for change in space.changes_of(best.values)),
        "]",
        *(f"{name} = {json.dumps(value)}" for name, value in options.items()),
    ]
    return "\n".join(lines) + "\n"
