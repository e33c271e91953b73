"""Milliseconds for a label in a browser, of a page that `export --format web` wrote.

  instancesketch export doodle7 --format web --out page
  python -m experiments.page_speed page

Needs playwright and Debian's chromium. The page comes from a plain web host on this machine.
Printed are the size of the folder, seconds from opening the page to the first label, and
milliseconds from strokes to labels. On a busy machine the least of many is nearest to what a quiet
one takes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import threading
import time
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.synth.draw import draw

STROKES = (10, 30)  # the drawings, cut from generated ones that are put beside each other
POINTS = 100  # of each stroke, as many as a pen gives
TIMES = 40

_START = """async () => {
  const { createBackend } = await import("./backend.js");
  window.backend = await createBackend();
}"""
_LABEL = """async ([strokes, times]) => {
  const taken = [];
  for (let i = 0; i < times; i++) {
    const from = performance.now();
    await backend.label(strokes);
    taken.push(performance.now() - from);
  }
  return taken;
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


def drawing(strokes: int) -> list[list[list[float]]]:
    """Return generated drawings side by side, as many strokes as asked for: [[x…], [y…]] each."""
    found: list[list[list[float]]] = []
    index = 0
    while len(found) < strokes:
        shift = np.array([300.0 * index, 0.0])
        found += [(fill(points) + shift).T.tolist() for points in draw(1, index).to_strokes()]
        index += 1
    return found[:strokes]


def fill(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return a stroke with more points on the same line."""
    at = np.linspace(0, len(points) - 1, POINTS)
    return np.stack([np.interp(at, range(len(points)), column) for column in points.T], axis=1)


def measure(page: Any, address: str, strokes: Sequence[int], times: int) -> dict[str, Any]:
    """Return seconds to the first label, and milliseconds of labels by number of strokes."""
    page.goto(f"{address}/model.json")  # a page of the same origin, without anything to do
    began = time.perf_counter()
    page.evaluate(_START)
    page.evaluate(_LABEL, [drawing(strokes[0]), 1])
    figures: dict[str, Any] = {"first_label_s": time.perf_counter() - began}
    for number in strokes:
        taken = sorted(page.evaluate(_LABEL, [drawing(number), times]))
        figures[f"{number}_strokes_ms"] = {"least": taken[0], "median": taken[len(taken) // 2]}
    return figures


def main() -> None:
    """Print the figures of a page as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--times", type=int, default=TIMES)
    args = parser.parse_args()
    from playwright import sync_api

    host = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(args.page)))
    threading.Thread(target=host.serve_forever, daemon=True).start()
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        address = f"http://127.0.0.1:{host.server_port}"
        figures = measure(browser.new_page(), address, STROKES, args.times)
        browser.close()
    size = sum(file.stat().st_size for file in args.page.rglob("*") if file.is_file())
    print(json.dumps({"megabytes": size / 1e6, **figures}, indent=2))


if __name__ == "__main__":
    main()
