"""An app with shipped weights, and its client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from instancesketch.serve.app import create_app
from instancesketch.serve.guard import Access
from instancesketch.serve.labelling import Labeller

PORT = 8754
ADDRESS = f"http://127.0.0.1:{PORT}"


@pytest.fixture(scope="session")
def labeller() -> Labeller:
    """Return what labels with the shipped weights."""
    return Labeller.load(["doodle7"])


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder for drawings that are added to the corpus."""
    return tmp_path_factory.mktemp("drawn")


@pytest.fixture
def client(labeller: Labeller, drawn: Path) -> Iterator[TestClient]:
    """Yield a client of an app of its own, whose rate nobody else has used up."""
    app = create_app(labeller, Access.of_this_machine(PORT), str(drawn))
    with TestClient(app, base_url=ADDRESS, raise_server_exceptions=False) as client:
        yield client
