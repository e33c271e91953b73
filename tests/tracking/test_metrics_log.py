"""The metrics and the curves in a run's folder."""

import json
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from instancesketch.core.errors import UserError
from instancesketch.tracking import metrics_log, pictures
from instancesketch.tracking.metrics_log import CURVES, METRICS, MetricsLog, draw_curves
from tests.drawings import drawn
from tests.tracking.snapshots import snapshot_of


def metrics(epoch: int, **values: Any) -> dict[str, Any]:
    return {"epoch": epoch, "loss": 1.0 / epoch, "seconds": 2.0, "macro_f1": 50.0 + epoch} | values


def test_run_without_an_epoch_has_no_metrics(tmp_path: Path) -> None:
    assert metrics_log.read(str(tmp_path / "run")) == []


def test_each_epoch_is_a_line_and_a_point_of_the_curves(tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    for epoch in (1, 2, 3):
        MetricsLog(run).log(metrics(epoch))
    assert metrics_log.read(run) == [metrics(1), metrics(2), metrics(3)]
    lines = (tmp_path / "run" / METRICS).read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]
    root = ElementTree.parse(tmp_path / "run" / CURVES).getroot()
    assert root.tag.endswith("svg")
    assert sorted(f.name for f in (tmp_path / "run").iterdir()) == sorted([METRICS, CURVES])


def test_epoch_logged_again_replaces_the_later_ones(tmp_path: Path) -> None:
    run = str(tmp_path)
    for epoch in (1, 2, 3):
        MetricsLog(run).log(metrics(epoch))
    MetricsLog(run).log(metrics(2, loss=0.1))
    assert metrics_log.read(run) == [metrics(1), metrics(2, loss=0.1)]


def test_line_that_could_not_be_written_is_written_with_the_next(tmp_path: Path) -> None:
    log = MetricsLog(str(tmp_path))
    log.log(metrics(1))
    written = (tmp_path / METRICS).read_bytes()
    (tmp_path / METRICS).unlink()
    (tmp_path / METRICS).mkdir()
    for epoch in (2, 3, 3):  # the third is logged again
        with pytest.raises(UserError, match=METRICS):
            log.log(metrics(epoch))
    (tmp_path / METRICS).rmdir()
    (tmp_path / METRICS).write_bytes(written)
    log.log(metrics(4))
    assert metrics_log.read(str(tmp_path)) == [metrics(epoch) for epoch in (1, 2, 3, 4)]


def test_pictures_are_written_as_png(tmp_path: Path) -> None:
    log = MetricsLog(str(tmp_path))
    log.log({"epoch": 1, "loss": 1.0})
    assert not list(tmp_path.glob("*.png"))
    log.log({"epoch": 2, "loss": 1.0}, pictures.draw(snapshot_of(drawn(1), epoch=2)))
    assert {f.name for f in tmp_path.glob("*.png")} == {"confusion.png", "examples.png"}


def test_curves_have_the_metrics_with_values() -> None:
    drawing = draw_curves([metrics(1, C=None), metrics(2, C=90.0), metrics(3, C=91.0)])
    loss, percent = drawing.axes
    assert loss.lines[0].get_xydata().tolist() == [[1, 1], [2, 0.5], [3, 1 / 3]]
    by_name = {line.get_label(): line.get_xydata().tolist() for line in percent.lines}
    assert by_name == {"macro-F1": [[1, 51], [2, 52], [3, 53]], "C": [[2, 90], [3, 91]]}
    assert [axis.get_ylabel() for axis in drawing.axes] == ["loss", "percent"]


def test_curves_of_a_run_without_selection_have_the_loss_alone() -> None:
    loss, percent = draw_curves([{"epoch": 1, "loss": 0.5}]).axes
    assert len(loss.lines) == 1
    assert len(percent.lines) == 0
