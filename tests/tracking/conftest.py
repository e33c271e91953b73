"""A sweep of four trials, and its search space."""

from pathlib import Path

import pytest

from instancesketch.tracking.metrics_log import MetricsLog
from instancesketch.tracking.sweep import Sweep
from instancesketch.training.search_space import Space, load
from tests.tracking.sweeps import VALUES


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """Return four trials: the recipe itself, a better one, one stopped early, one that failed."""
    created = Sweep(location=str(tmp_path / "sweep"), model_kind="segmenter")
    scores = [[50.0, 61.5, 60.0], [55.0, 62.0, 70.25], [90.0], []]
    for number, (values, run) in enumerate(zip(VALUES, scores, strict=True), 1):
        created.add_trial(number, values)
        for epoch, score in enumerate(run, 1):
            line = {"epoch": epoch, "loss": 1.0, "macro_f1": score, "seconds": 2.5}
            MetricsLog(created.run_folder(number)).log(line)
    for number in (1, 2):
        (tmp_path / "sweep" / f"trial-0{number}" / "summary.json").write_text("{}")
    created.end_trial(3, "stopped early")
    created.end_trial(4, "failed", "a width 12 can't be shared by 5 heads")
    return created


@pytest.fixture
def space(tmp_path: Path) -> Space:
    (tmp_path / "space.toml").write_text("""
        learning_rate = { range = [1e-4, 1], log = true }
        model.encoder = { choices = ["patches", "points", "raster"] }
        model.channels = { choices = [[8], [64, 128, 128, 128], [128, 128, 128]] }
    """)
    return load(
        "segmenter", str(tmp_path / "space.toml"), "default", ["epochs=3", 'optimizer="adam"']
    )
