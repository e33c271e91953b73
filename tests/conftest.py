import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ("tests.tiers", "tests.browser")

# Before torch is imported: its threads would wait for each other, because the tests have two
# processes on two cores and tensors so small that one thread is faster anyway.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Tests start Ray by the fixture `ray_cluster`; one started implicitly would never be stopped.
os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"
# For short trainings on Ray: how often it looks for the end of an epoch, and how long it waits for
# workers.
os.environ["RAY_TRAIN_HEALTH_CHECK_INTERVAL_S"] = "0.1"
os.environ["RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S"] = "2"
# A process more for each training, which waits for notices of the cloud that none sends here.
os.environ["RAY_TRAIN_ENABLE_PREEMPTION_WATCHER"] = "0"
# A shell's background jobs ignore Ctrl-C, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name binary values by their argument.

    A zip holds the time at which it was packed, and the processes that share the tests have to
    agree on every name.
    """
    if isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable()):
        return argname
    return None


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of real drawings; skip the test if it is not set."""
    folder = os.environ.get("INSTANCESKETCH_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("real drawings: set INSTANCESKETCH_DATA to their folder")
    return Path(folder)


@pytest.fixture(scope="module")
def ray_cluster() -> None:
    """Start a small Ray cluster for all tests, again if a test has shut it down."""
    from instancesketch.distributed.cluster import set_environment

    set_environment()
    import ray

    if not ray.is_initialized():
        ray.init(
            address="local",
            num_cpus=4,
            include_dashboard=False,
            object_store_memory=200 * 2**20,
            log_to_driver=False,
        )


@pytest.fixture
def own_machine(ray_cluster: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tests' cluster be one that a command has started for itself, on two cores."""
    import ray

    from instancesketch.distributed import cluster

    own = ray.get_runtime_context().gcs_address
    monkeypatch.setattr(cluster, "_own_addresses", {own})
    monkeypatch.setattr(cluster, "usable_cpus", lambda: 2)


@pytest.fixture(scope="session", autouse=True)
def end_ray() -> Iterator[None]:
    """Shut Ray down after the last test."""
    yield
    if "ray" in sys.modules:
        sys.modules["ray"].shutdown()


@pytest.fixture(scope="session")
def parts_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of random weights of a small segmenter, without a grouper."""
    from instancesketch.models.config import SegmenterConfig
    from instancesketch.models.segmenter import SegmenterNet

    folder = tmp_path_factory.mktemp("parts")
    save_untrained(folder, "segmenter", SegmenterConfig(width=32, layers=1), SegmenterNet)
    return folder


@pytest.fixture(scope="session")
def scene_weights(parts_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of random weights of a small segmenter and a grouper."""
    from instancesketch.models.config import GrouperConfig
    from instancesketch.models.grouper import GrouperNet

    folder = tmp_path_factory.mktemp("scenes") / "weights"
    shutil.copytree(parts_alone, folder)
    save_untrained(folder, "grouper", GrouperConfig(width=32, layers=1), GrouperNet)
    return folder


def save_untrained(folder: Path, kind: str, config: Any, net: Any) -> None:
    """Write the initial, untrained weights of a network."""
    import torch

    from instancesketch.core.taxonomy import Taxonomy
    from instancesketch.models import weights

    torch.manual_seed(0)
    taxonomy = Taxonomy.load("doodle7")
    stored = {"taxonomy": taxonomy.to_dict(), "model": asdict(config)}
    weights.save(str(folder / kind), net(config, taxonomy).state_dict(), stored)
