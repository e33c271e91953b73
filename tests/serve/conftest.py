"""An app with shipped weights, its client, and its page in a browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from instancesketch.serve.app import create_app
from instancesketch.serve.guard import Access
from instancesketch.serve.labelling import Labeller
from instancesketch.serve.server import PageServer, listen
from tests.serve.pages import SECONDS

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


@contextmanager
def serving(labeller: Labeller, drawn: Path) -> Iterator[str]:
    """Serve the page, and yield its address."""
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        address = f"http://127.0.0.1:{port}/"
        server = PageServer(
            create_app(labeller, Access.of_this_machine(port), str(drawn)), address, opens=False
        )
        thread = threading.Thread(target=server.run, args=[[listener]], daemon=True)
        thread.start()
        yield address
        server.should_exit = True
        thread.join(30)


@contextmanager
def pages_of(browser, address: str) -> Iterator[Any]:
    """Yield a function that opens the page; fail at the end on complaints and foreign requests."""
    complaints, requests, contexts = [], [], []

    def open_in(width: int = 1280, scheme: str = "light") -> Any:
        context = browser.new_context(
            color_scheme=scheme,
            viewport={"width": width, "height": 844},
            has_touch=width < 500,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        return page

    open_in.complaints = complaints
    yield open_in
    for context in contexts:
        context.close()
    assert complaints == []
    assert all(url.startswith((address, "blob:", "data:")) for url in requests)


@pytest.fixture(scope="session")
def address(labeller: Labeller, drawn: Path) -> Iterator[str]:
    """Serve the page, and yield its address."""
    with serving(labeller, drawn) as address:
        yield address


@pytest.fixture
def open_page(browser, address) -> Iterator[Any]:
    """Yield a function that opens the page."""
    with pages_of(browser, address) as opened:
        yield opened
