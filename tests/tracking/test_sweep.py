"""The folder of a sweep: its trials, its table, and the config of the best trial."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

from instancesketch.cli.main import parse
from instancesketch.cli.train import recipe_changes
from instancesketch.tracking import checkpoints
from instancesketch.tracking.sweep import (
    Sweep,
    best_toml,
    best_trial,
    build_table,
    rank_trials,
    table_to_csv,
    text_table,
)
from instancesketch.training.recipes import recipe
from instancesketch.training.search_space import Space
from tests.tracking.sweeps import VALUES


def test_trials_have_the_metrics_of_their_runs(sweep: Sweep) -> None:
    sweep.add_trial(5, VALUES[0])
    trials = sweep.trials()
    assert [t.number for t in trials] == [1, 2, 3, 4, 5]
    outcomes = ["finished", "finished", "stopped early", "failed", None]
    assert [t.outcome for t in trials] == outcomes
    assert [t.score for t in trials] == [61.5, 70.25, 90.0, None, None]
    assert [t.best_epoch for t in trials] == [2, 3, 1, None, None]
    assert [t.epochs for t in trials] == [3, 3, 1, 0, 0]
    assert [t.seconds for t in trials] == [7.5, 7.5, 2.5, 0, 0]
    assert [t.values for t in trials[:4]] == VALUES


def test_trial_whose_run_finished_while_being_stopped_is_finished(sweep: Sweep) -> None:
    sweep.end_trial(2, "stopped early")
    assert sweep.trial(2).outcome == "finished"


def test_unfinished_trials_and_trials_to_retry_are_pending(sweep: Sweep) -> None:
    sweep.add_trial(5, VALUES[0])
    sweep.add_trial(6, VALUES[0])
    sweep.end_trial(6, "failed", "No space left on device", retry=True)
    assert [t.number for t in sweep.trials() if t.pending] == [5, 6]
    sweep.add_trial(6, VALUES[0])
    assert sweep.trial(6).outcome is None


def test_best_trial_is_a_finished_one_and_failed_ones_rank_last(sweep: Sweep) -> None:
    trials = sweep.trials()
    assert [t.number for t in rank_trials(trials)] == [3, 2, 1, 4]
    best = best_trial(trials)
    assert best is not None
    assert best.number == 2
    assert best_trial([replace(t, outcome="stopped early") for t in trials]) is None


def test_checkpoints_stay_of_the_best_trial_and_of_those_to_run_alone(sweep: Sweep) -> None:
    sweep.add_trial(5, VALUES[0])
    folders = [Path(sweep.run_folder(number), checkpoints.FOLDER) for number in range(1, 6)]
    for folder in folders:
        folder.mkdir(parents=True)
    sweep.remove_checkpoints()
    assert [folder.exists() for folder in folders] == [False, True, False, False, True]


def test_table_is_written_and_printed(sweep: Sweep) -> None:
    table = build_table(sweep.trials(), "macro_f1")
    assert json.loads(json.dumps(table)) == table
    assert table[1] == {
        "trial": "trial-02", "macro_f1": 70.25, "best_epoch": 3, "epochs": 3,
        "outcome": "finished", "reason": "", "seconds": 7.5, "values": VALUES[1],
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(table_to_csv(table))))
    assert [row["trial"] for row in rows] == ["trial-03", "trial-02", "trial-01", "trial-04"]
    assert float(rows[1]["learning_rate"]) == VALUES[1]["learning_rate"]
    assert rows[1]["model.channels"] == "[8]"
    lines = str(text_table(table, "macro_f1", "trial-02")).splitlines()
    assert len(lines) == 5
    assert lines[2].split()[:6] == ["trial-02", "(best)", "70.25", "3", "0:08", "finished"]
    assert "a width 12 can't be shared" in lines[4]


def test_best_toml_trains_the_same_recipe_again(sweep: Sweep, space: Space, tmp_path: Path) -> None:
    best = best_trial(sweep.trials())
    text = best_toml(sweep, space, best, {"select": "valid", "workers": 2})
    (tmp_path / "best.toml").write_text(text)
    command = f"train segmenter --config {tmp_path}/best.toml --data c --run r"
    args = parse(command.split())
    assert (args.selection, args.workers) == ("valid", 2)
    again = recipe(args.model, args.recipe, recipe_changes(args))
    assert again == space.trial(VALUES[1])
    assert (again.learning_rate, again.optimizer, again.epochs) == (0.1 / 3, "adam", 3)
    args = parse([*command.split(), "--epochs", "40", "--set", "learning_rate=0.5"])
    more = recipe(args.model, args.recipe, recipe_changes(args))
    assert more == replace(again, epochs=40, learning_rate=0.5)
