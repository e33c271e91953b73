"""A finished sweep says so without Ray: plain tests fail where that is imported."""

from pathlib import Path

import pytest

from instancesketch.core import run_folder, storage
from instancesketch.core.errors import UserError
from instancesketch.distributed.train.resolve import resolve
from instancesketch.distributed.tune.config import TuneConfig
from instancesketch.distributed.tune.tuner import tune
from tests.distributed.tune.test_tuner import config_of, write_corpus


@pytest.fixture
def finished(tmp_path: Path) -> TuneConfig:
    """Return the config of a sweep in whose folder are its config and its summary."""
    config = config_of(write_corpus(tmp_path / "corpus"), tmp_path)
    location = str(tmp_path / "sweep")
    settings = resolve(config.train)[0] | config.sweep_settings()
    run_folder.claim(location, settings, run_folder.RUN)
    storage.write_json(storage.join(location, "summary.json"), {"trials": 3, "sweep": location})
    return config


def test_a_finished_sweep_is_answered_without_ray(finished: TuneConfig) -> None:
    location = str(Path(finished.train.storage) / "sweep")
    assert tune(finished) == {"trials": 3, "sweep": location, "finished_before": True}


def test_other_settings_of_a_finished_sweep_are_refused_without_ray(finished: TuneConfig) -> None:
    other = config_of(finished.train.data[0], Path(finished.train.storage), reduction=3)
    with pytest.raises(UserError, match="made with another config"):
        tune(other)
