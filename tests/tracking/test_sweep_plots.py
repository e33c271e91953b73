"""The plots of a sweep show every trial."""

from pathlib import Path

from defusedxml import ElementTree

from instancesketch.tracking import sweep_plots
from instancesketch.tracking.sweep import Sweep
from instancesketch.training.search_space import Space


def test_curves_name_every_trial_with_an_epoch(sweep: Sweep, tmp_path: Path) -> None:
    path = tmp_path / "curves.svg"
    sweep_plots.draw_curves(sweep.trials(), "macro-F1").savefig(path, format="svg")
    ElementTree.parse(path)
    text = path.read_text()
    assert all(f"trial-0{number}" in text for number in (1, 2, 3))


def test_parameters_have_a_panel_for_each_value(sweep: Sweep, space: Space, tmp_path: Path) -> None:
    path = tmp_path / "parameters.svg"
    figure = sweep_plots.draw_parameters(sweep.trials(), space.dimensions, "macro-F1")
    figure.savefig(path, format="svg")
    ElementTree.parse(path)
    panels = [axes for axes in figure.axes if axes.axison]
    assert [p.get_xlabel() for p in panels] == ["learning rate", "model.encoder", "model.channels"]
    assert [len(p.lines) for p in panels] == [3, 3, 3]  # the failed trial has no score
    assert panels[0].get_xscale() == "log"
