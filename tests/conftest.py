import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real drawings, or a skip that says how to give it."""
    folder = os.environ.get("INSTANCESKETCH_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("real drawings: set INSTANCESKETCH_DATA to their folder")
    return Path(folder)
