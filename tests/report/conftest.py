"""Drawings, and pages opened in the browser, for the tests of reports."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from instancesketch.core.sketch import Sketch
from instancesketch.report import write_report

TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def settle(page) -> None:
    """Wait until the page has been drawn once after its last change.

    A browser lays cards out when they come into view (`content-visibility`), as part of drawing:
    before that a card has no text and not yet its size.
    """
    page.evaluate(TWO_FRAMES)


def text_of(locator) -> str:
    """Return the visible text of an element, with single spaces."""
    settle(locator.page)
    return " ".join(locator.inner_text().split())


@pytest.fixture(scope="session")
def flower() -> Callable[..., Sketch]:
    """Return a function that makes a small flower.

    It has a centre, two petals, of which one is a dot, and a stem.
    """

    def make(sketch_id: str, **values) -> Sketch:
        strokes = [
            [(40, 40), (60, 40), (60, 60), (40, 60), (40, 40)],
            [(40, 40), (20, 20), (30, 45)],
            [(70, 30)],
            [(50, 60), (50, 120)],
        ]
        parts = ("center", "petal", "petal", "stem")
        labels = {"category": "flower", "part": parts, "label": parts}
        return Sketch.from_strokes(strokes, sketch_id=sketch_id, **(labels | values))

    return make


@pytest.fixture(scope="session")
def dog() -> Callable[..., Sketch]:
    """Return a function that makes a small dog.

    It has a body, a left and a right front leg, and two back legs in one stroke.
    """

    def make(sketch_id: str, **values) -> Sketch:
        strokes = [
            [(0, 0), (100, 0), (100, 40), (0, 40), (0, 0)],
            [(10, 40), (10, 80)],
            [(30, 40), (30, 80)],
            [(70, 40), (75, 80), (80, 45), (85, 80), (90, 40)],
        ]
        labels = {
            "category": "4leg",
            "part": ("body", "front-leg", "front-leg", "back-leg"),
            "label": ("body", "front-left-leg", "front-right-leg", "back-leg"),
            "instance": (None, 1, 2, 0),
        }
        return Sketch.from_strokes(strokes, sketch_id=sketch_id, **(labels | values))

    return make


@pytest.fixture(scope="session")
def scene() -> Callable[..., Sketch]:
    """Return a function that makes a small scene.

    It has a car of three strokes, two trees, a house, and a stroke of no object.
    """

    def make(sketch_id: str, **values) -> Sketch:
        strokes = [
            [(100, 300), (300, 300), (300, 360), (100, 360), (100, 300)],
            [(120, 360), (140, 380), (160, 360)],
            [(240, 360), (260, 380), (280, 360)],
            [(400, 380), (400, 250), (430, 200), (370, 200), (400, 250)],
            [(600, 380), (600, 250), (630, 200), (570, 200), (600, 250)],
            [(700, 380), (700, 250), (800, 250), (800, 380), (700, 380)],
            [(50, 50), (60, 50)],
        ]
        parts = ("frame", "wheel", "wheel", "leaves", "leaves", "unlabeled", "unlabeled")
        labels = {
            "part": parts,
            "label": parts,
            "instance": (None, 1, 2, None, None, None, None),
            "object": (0, 0, 0, 1, 2, 3, -1),
            "object_category": ("car", "tree", "tree", None),
            "width": 1100.0,
            "height": 770.0,
        }
        return Sketch.from_strokes(strokes, sketch_id=sketch_id, **(labels | values))

    return make


@contextmanager
def opened_pages(browser) -> Iterator[Callable[..., Any]]:
    """Yield a function that opens pages from disk; fail at the end on any complaint or request.

    Each page has a browsing context of its own, so that it remembers nothing of another's.
    """
    complaints: list[str] = []
    requests: list[str] = []
    contexts = []

    def open_file(path: Path, *, width: int = 1280, expected: Sequence[str] = ()) -> Any:
        def complain(text: str) -> None:
            if not any(part in text for part in expected):
                complaints.append(text)

        context = browser.new_context(
            color_scheme="light", viewport={"width": width, "height": 900}, has_touch=width < 500
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complain(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append("a dialog"), dialog.dismiss()))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        settle(page)
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert complaints == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in requests)


@pytest.fixture
def open_file(browser) -> Iterator[Callable[..., Any]]:
    """Yield a function that opens a page from disk."""
    with opened_pages(browser) as opened:
        yield opened


@pytest.fixture
def open_page(open_file, tmp_path) -> Callable[..., Any]:
    """Return a function that writes a report and opens it."""

    def write_and_open(result, *, width: int = 1280, **arguments) -> Any:
        path = Path(tmp_path) / "report.html"
        write_report(result, path, title="a report", **arguments)
        return open_file(path, width=width)

    return write_and_open
