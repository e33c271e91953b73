"""What a run tells of itself: figures, curves, signs of life."""

import json
import time

import pytest
from defusedxml import ElementTree

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.tracking import metrics_log
from instancesketch.tracking.metrics_log import CURVES, METRICS, RunLog, draw_curves
from instancesketch.tracking.status import SECONDS_BETWEEN_SIGNS, Signs, following


def figures(epoch, **values):
    return {"epoch": epoch, "loss": 1.0 / epoch, "seconds": 2.0, "macro_f1": 50.0 + epoch} | values


def test_a_run_that_has_told_nothing_yet(tmp_path):
    assert metrics_log.read(str(tmp_path / "run")) == []


def test_a_line_and_a_point_on_the_curves_per_epoch(tmp_path):
    run = str(tmp_path / "run")
    for epoch in (1, 2, 3):
        RunLog(run).log(figures(epoch))
    assert metrics_log.read(run) == [figures(1), figures(2), figures(3)]
    lines = (tmp_path / "run" / METRICS).read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]
    root = ElementTree.parse(tmp_path / "run" / CURVES).getroot()
    assert root.tag.endswith("svg")
    assert sorted(f.name for f in (tmp_path / "run").iterdir()) == sorted([METRICS, CURVES])


def test_an_epoch_done_again_replaces_what_came_after(tmp_path):
    run = str(tmp_path)
    for epoch in (1, 2, 3):
        RunLog(run).log(figures(epoch))
    RunLog(run).log(figures(2, loss=0.1))
    assert metrics_log.read(run) == [figures(1), figures(2, loss=0.1)]


def test_curves_show_the_figures_there_are():
    drawn = draw_curves([figures(1, C=None), figures(2, C=90.0), figures(3, C=91.0)])
    loss, percent = drawn.axes
    assert loss.lines[0].get_xydata().tolist() == [[1, 1], [2, 0.5], [3, 1 / 3]]
    by_name = {line.get_label(): line.get_xydata().tolist() for line in percent.lines}
    assert by_name == {"macro-F1": [[1, 51], [2, 52], [3, 53]], "C": [[2, 90], [3, 91]]}
    assert [axis.get_ylabel() for axis in drawn.axes] == ["loss", "percent"]


def test_curves_of_a_run_without_selection():
    loss, percent = draw_curves([{"epoch": 1, "loss": 0.5}]).axes
    assert len(loss.lines) == 1
    assert len(percent.lines) == 0


def test_whoever_follows_is_told_each_epoch_once(tmp_path, capsys):
    run = str(tmp_path)
    RunLog(run).log(figures(1))  # of an earlier start: told then
    with following(run, "mine", quiet=False):
        RunLog(run).log(figures(2, part_accuracy=80.0, C=None))
        RunLog(run).log(figures(3, macro_f1=None))
        RunLog(run).log(figures(4, macro_f1=None, grouping=70.0, ari=60.0))
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert told[0].startswith("mine: epoch 2")
    assert told[0].endswith("loss 0.5000, macro-F1 52.00, part accuracy 80.00")
    assert told[1].startswith("mine: epoch 3")
    assert told[1].endswith("loss 0.3333")
    assert told[2].endswith("loss 0.2500, grouping 70.00, ARI 60.00")


def test_whoever_is_quiet_tells_nothing(tmp_path, capsys):
    with following(str(tmp_path), "mine", quiet=True):
        RunLog(str(tmp_path)).log(figures(1))
    assert capsys.readouterr().err == ""


def test_signs_of_life_lie_apart_and_tell_pace_and_rest(tmp_path, monkeypatch):
    clock = iter([0.0, 2.0, 3.0, 2.0 + SECONDS_BETWEEN_SIGNS + 1.0, 20.0, 21.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    signs = Signs(str(tmp_path), epochs=2)
    place = str(tmp_path / "_state" / "progress.json")
    signs.begin(0)
    signs.step(0, 1, 5)
    assert [f.name for f in tmp_path.iterdir()] == ["_state"]
    first = {
        "epoch": 1, "epochs": 2, "step": 1, "steps": 5, "steps_per_second": 0.5,
        "seconds_left": 18.0,
    }  # fmt: skip
    assert storage.read_json(place) == first
    signs.step(0, 2, 5)  # too soon
    assert storage.read_json(place) == first
    signs.step(0, 5, 5)
    assert storage.read_json(place)["step"] == 5
    signs.step(1, 1, 5)  # another epoch has a pace of its own
    signs.step(1, 2, 5)
    assert storage.read_json(place)["steps_per_second"] == 1.0
    assert storage.read_json(place)["seconds_left"] == 3.0


def test_signs_of_life_that_can_not_be_left_end_nothing(tmp_path):
    (tmp_path / "_state").touch()
    signs = Signs(str(tmp_path), epochs=2)
    signs.begin(0)
    signs.step(0, 1, 5)
    assert (tmp_path / "_state").read_text() == ""


def test_a_log_that_can_not_be_read_for_a_while_is_followed_all_the_same(tmp_path, capsys):
    with following(str(tmp_path), "mine", quiet=False):
        (tmp_path / METRICS).mkdir()
        time.sleep(1.0)
        (tmp_path / METRICS).rmdir()
        RunLog(str(tmp_path)).log(figures(1))
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("mine: epoch 1 took")


def test_a_line_that_can_not_be_written_comes_with_the_next(tmp_path):
    log = RunLog(str(tmp_path))
    log.log(figures(1))
    kept = (tmp_path / METRICS).read_bytes()
    (tmp_path / METRICS).unlink()
    (tmp_path / METRICS).mkdir()
    for epoch in (2, 3, 3):  # the third is done again
        with pytest.raises(UserError, match=METRICS):
            log.log(figures(epoch))
    (tmp_path / METRICS).rmdir()
    (tmp_path / METRICS).write_bytes(kept)
    log.log(figures(4))
    assert metrics_log.read(str(tmp_path)) == [figures(epoch) for epoch in (1, 2, 3, 4)]
