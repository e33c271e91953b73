"""A sweep without trials, and its search space."""

from pathlib import Path

import pytest

from instancesketch.tracking.sweep import Sweep
from instancesketch.training.search_space import Dimension, Space


@pytest.fixture
def space() -> Space:
    return Space(
        model_kind="segmenter",
        recipe="default",
        changes=("epochs=9",),
        dimensions=(
            Dimension(key="learning_rate", low=1e-4, high=1.0, log=True),
            Dimension(key="batch_size", low=1, high=512),
            Dimension(key="model.heads", choices=(4, 5)),
        ),
    )


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    return Sweep(location=str(tmp_path / "sweep"), model_kind="segmenter")
