"""Show SVGs in a browser, and measure how far what is read lies from what it paints."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

SIDE = 200  # of each picture, in pixels
COLUMNS = 15
_ADDRESS = "http://drawings.test/"
_SCRIPT = (Path(__file__).parent / "painting.js").read_text("utf-8")


@contextmanager
def shown(browser: Any, svgs: Sequence[str]) -> Iterator[Any]:
    """Yield one page that shows each SVG in a frame of its own, as a document."""
    rows = -(-len(svgs) // COLUMNS)
    size = {"width": COLUMNS * SIDE, "height": rows * SIDE}
    context = browser.new_context(color_scheme="light", viewport=size, locale="en-US")
    page = context.new_page()
    style = f"body{{margin:0;line-height:0}}iframe{{border:0;width:{SIDE}px;height:{SIDE}px}}"
    html = f"<!DOCTYPE html><style>{style}</style><script>{_SCRIPT}</script><body></body>"
    # An address of its own, or frames would be closed to the page's script.
    page.route("**/*", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(_ADDRESS)
    page.evaluate("svgs => show(svgs)", list(svgs))
    yield page
    context.close()


def photograph(page: Any, number: int) -> list[np.ndarray]:
    """Return where each SVG has ink, (SIDE, SIDE)."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("L")
    ink = np.asarray(picture) < 250
    return [ink[i // COLUMNS * SIDE :, i % COLUMNS * SIDE :][:SIDE, :SIDE] for i in range(number)]


def densely(line: np.ndarray, gap: float) -> np.ndarray:
    """Return points on a polyline that are at most `gap` apart, with its own points."""
    reach = np.hypot(*np.diff(line, axis=0).T).cumsum()
    if not len(reach) or not reach[-1]:
        return line[:1]
    along = np.concatenate([[0.0], reach])
    at = np.union1d(along, np.linspace(0, reach[-1], int(np.ceil(reach[-1] / gap)) + 1))
    return np.stack([np.interp(at, along, line[:, k]) for k in (0, 1)], axis=1)


def distance(points: np.ndarray, lines: Sequence[np.ndarray]) -> np.ndarray:
    """Return how far each point is from the nearest of some polylines."""
    # Between places 0.02 apart a distance over 0.1 is right to a thousandth.
    places = np.concatenate([densely(line, 0.02) for line in lines])
    found: np.ndarray = cKDTree(places).query(points)[0]
    return found


def far_from_ink(points: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Return how far each point is from the nearest pixel with ink."""
    places = np.argwhere(ink)[:, ::-1] + 0.5
    if not len(places):
        return np.full(len(points), np.inf)
    found: np.ndarray = cKDTree(places).query(points)[0]
    return found
