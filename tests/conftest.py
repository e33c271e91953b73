import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every machine, however busy it is.
settings.register_profile("seeded", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("seeded")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real drawings, or a skip that says how to give it."""
    folder = os.environ.get("INSTANCESKETCH_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("real drawings: set INSTANCESKETCH_DATA to their folder")
    return Path(folder)


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """One small Ray for all tests that need it."""
    from instancesketch.cluster import set_environment

    set_environment()
    import ray

    ray.init(
        address="local",
        num_cpus=4,
        include_dashboard=False,
        object_store_memory=200 * 2**20,
        log_to_driver=False,
    )
    yield
    ray.shutdown()
