"""What a sweep's folder tells, whatever happened to who watched it."""

import csv
import io
import json
from dataclasses import replace

import pytest
from defusedxml import ElementTree

from instancesketch.cli.main import parse
from instancesketch.cli.train import recipe_changes
from instancesketch.tracking import sweep_plots
from instancesketch.tracking.metrics_log import MetricsLog
from instancesketch.tracking.sweep import (
    Sweep,
    best_config,
    best_of,
    ranked,
    table_of,
    to_csv,
    to_text,
)
from instancesketch.training.recipes import recipe
from instancesketch.training.search_space import load

VALUES = [
    {"learning_rate": 0.0015, "model.encoder": "points", "model.channels": [64, 128, 128, 128]},
    {"learning_rate": 0.1 / 3, "model.encoder": "raster", "model.channels": [8]},
    {"learning_rate": 0.001, "model.encoder": "raster", "model.channels": [8]},
    {"learning_rate": 0.002, "model.encoder": "points", "model.channels": [8]},
]


@pytest.fixture
def sweep(tmp_path):
    """Four trials: the recipe itself, a better one, one stopped early, one that failed."""
    found = Sweep(location=str(tmp_path / "sweep"), kind="segmenter")
    scores = [[50.0, 61.5, 60.0], [55.0, 62.0, 70.25], [90.0], []]
    for number, (values, run) in enumerate(zip(VALUES, scores, strict=True), 1):
        found.ask(number, values)
        for epoch, score in enumerate(run, 1):
            line = {"epoch": epoch, "loss": 1.0, "macro_f1": score, "seconds": 2.5}
            MetricsLog(found.run_of(number)).log(line)
    for number in (1, 2):
        (tmp_path / "sweep" / f"trial-0{number}" / "summary.json").write_text("{}")
    found.end(3, "stopped early")
    found.end(4, "failed", "a width 12 can't be shared by 5 heads")
    return found


@pytest.fixture
def space(tmp_path):
    (tmp_path / "space.toml").write_text("""
        learning_rate = { range = [1e-4, 1], log = true }
        model.encoder = { choices = ["points", "raster"] }
        model.channels = { choices = [[8], [64, 128, 128, 128]] }
    """)
    return load(
        "segmenter", str(tmp_path / "space.toml"), "default", ["epochs=3", 'optimizer="adam"']
    )


def test_trials_are_what_their_runs_have_come_to(sweep) -> None:
    sweep.ask(5, VALUES[0])
    trials = sweep.trials()
    assert [t.number for t in trials] == [1, 2, 3, 4, 5]
    outcomes = ["finished", "finished", "stopped early", "failed", None]
    assert [t.outcome for t in trials] == outcomes
    assert [t.score for t in trials] == [61.5, 70.25, 90.0, None, None]
    assert [t.best_epoch for t in trials] == [2, 3, 1, None, None]
    assert [t.epochs for t in trials] == [3, 3, 1, 0, 0]
    assert [t.seconds for t in trials] == [7.5, 7.5, 2.5, 0, 0]
    assert [t.values for t in trials[:4]] == VALUES


def test_a_run_that_ended_just_when_it_was_stopped_is_finished(sweep) -> None:
    sweep.end(2, "stopped early")
    assert sweep.trial(2).outcome == "finished"


def test_what_a_sweep_that_goes_on_has_to_do(sweep) -> None:
    sweep.ask(5, VALUES[0])
    sweep.ask(6, VALUES[0])
    sweep.end(6, "failed", "No space left on device", again=True)
    assert [t.number for t in sweep.trials() if t.to_do] == [5, 6]
    sweep.ask(6, VALUES[0])
    assert sweep.trial(6).outcome is None


def test_the_best_is_a_finished_one_and_the_failed_come_last(sweep) -> None:
    trials = sweep.trials()
    assert [t.number for t in ranked(trials)] == [3, 2, 1, 4]
    best = best_of(trials)
    assert best is not None
    assert best.number == 2
    assert best_of([replace(t, outcome="stopped early") for t in trials]) is None


def test_the_table_is_written_and_printed(sweep) -> None:
    table = table_of(sweep.trials(), "macro_f1")
    assert json.loads(json.dumps(table)) == table
    assert table[1] == {
        "trial": "trial-02", "macro_f1": 70.25, "best_epoch": 3, "epochs": 3,
        "outcome": "finished", "reason": "", "seconds": 7.5, "values": VALUES[1],
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert [row["trial"] for row in rows] == ["trial-03", "trial-02", "trial-01", "trial-04"]
    assert float(rows[1]["learning_rate"]) == VALUES[1]["learning_rate"]
    assert rows[1]["model.channels"] == "[8]"
    lines = to_text(table, "macro_f1").splitlines()
    assert len(lines) == 5
    assert lines[2].split()[:5] == ["trial-02", "70.25", "3", "0:08", "finished"]
    assert "a width 12 can't be shared" in lines[4]


def test_best_config_trains_the_same_recipe_again(sweep, space, tmp_path) -> None:
    best = best_of(sweep.trials())
    text = best_config(sweep, space, best, {"select": "valid", "workers": 2})
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


def test_pictures_show_every_trial(sweep, space, tmp_path) -> None:
    trials = sweep.trials()
    curves = sweep_plots.draw_curves(trials, "macro-F1")
    parameters = sweep_plots.draw_parameters(trials, space.dimensions, "macro-F1")
    for name, figure in (("curves", curves), ("parameters", parameters)):
        figure.savefig(tmp_path / f"{name}.svg", format="svg")
        ElementTree.parse(tmp_path / f"{name}.svg")
    told = (tmp_path / "curves.svg").read_text()
    assert all(f"trial-0{number}" in told for number in (1, 2, 3))
    panels = [axes for axes in parameters.axes if axes.axison]
    assert [p.get_xlabel() for p in panels] == ["learning rate", "model.encoder", "model.channels"]
    assert [len(p.lines) for p in panels] == [3, 3, 3]
    assert panels[0].get_xscale() == "log"
