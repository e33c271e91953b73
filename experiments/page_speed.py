"""Milliseconds that the page to draw on takes in a browser.

  python -m experiments.page_speed
  instancesketch export doodle7 --format web --out page && python -m experiments.page_speed page

Without a folder, the server of `instancesketch draw` serves the page, and the time is that from the
end of a pen's stroke, the last of 30, to the colours of all of them. Of a folder that `export
--format web` wrote, printed are its size, seconds from opening the page to the first label, and
milliseconds from strokes to labels. Needs playwright and Debian's chromium. On a busy machine the
least of many is nearest to what a quiet one takes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.synth.draw import draw

SIDE, MARGIN = 1000, 120  # of the sheet that is drawn on
MOST_MS = 120_000.0  # to wait for an answer on a busy machine
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


def measure_pen_up(page: Any, address: str, strokes: int, times: int) -> dict[str, float]:
    """Return milliseconds from the end of a drawing's last stroke to the colours of all strokes.

    The last stroke is drawn by mouse and undone, so many times.
    """
    page.set_default_timeout(MOST_MS)
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    columns = on_sheet(drawing(strokes))
    first = {"key_id": "speed", "made_with": "instancesketch draw", "drawing": columns[:-1]}
    file = {"name": "a.json", "mimeType": "application/json", "buffer": json.dumps(first).encode()}
    page.locator("#file").set_input_files(file)
    box = page.locator("#sheet").bounding_box()
    side = min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    last = [
        (left + x * side / SIDE, top + y * side / SIDE) for x, y in zip(*columns[-1], strict=True)
    ]
    for _ in range(times):
        page.wait_for_selector(f'#sheet[data-labelled="{strokes - 1}"]')
        page.mouse.move(*last[0])
        page.mouse.down()
        for place in last[1:]:
            page.mouse.move(*place)
        page.mouse.up()
        page.wait_for_selector(f'#sheet[data-labelled="{strokes}"]')
        page.keyboard.press("Control+z")
    taken = sorted(page.evaluate("performance.getEntriesByName('label').map((e) => e.duration)"))
    return {"least": taken[0], "median": taken[len(taken) // 2], "most": taken[-1]}


def on_sheet(columns: list[list[list[float]]]) -> list[list[list[float]]]:
    """Return strokes moved and scaled to fill the sheet."""
    strokes = [np.array(stroke).T for stroke in columns]
    points = np.concatenate(strokes)
    low = points.min(0)
    scale = (SIDE - 2 * MARGIN) / np.ptp(points, axis=0).max()
    return [(MARGIN + (stroke - low) * scale).round(1).T.tolist() for stroke in strokes]


@contextmanager
def drawing_page(weights: str) -> Iterator[str]:
    """Serve the page to draw on as `instancesketch draw` does, and yield its address."""
    from instancesketch.serve.app import create_app
    from instancesketch.serve.guard import Access
    from instancesketch.serve.labelling import Labeller
    from instancesketch.serve.server import PageServer, listen

    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        address = f"http://127.0.0.1:{port}/"
        app = create_app(Labeller.load([weights]), Access.of_this_machine(port))
        server = PageServer(app, address, opens=False)
        thread = threading.Thread(target=server.run, args=[[listener]], daemon=True)
        thread.start()
        yield address
        server.should_exit = True
        thread.join()


@contextmanager
def web_host(folder: Path) -> Iterator[str]:
    """Serve a folder as a plain web host does, and yield its address."""
    host = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=host.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{host.server_port}"
    host.shutdown()


def main() -> None:
    """Print the figures of a page as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", type=Path, nargs="?", help="an exported page")
    parser.add_argument("--weights", default="default", help="of the served page")
    parser.add_argument("--times", type=int, default=TIMES)
    args = parser.parse_args()
    from playwright import sync_api

    figures: dict[str, Any] = {}
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        if args.page is None:
            with drawing_page(args.weights) as address:
                taken = measure_pen_up(browser.new_page(), address, STROKES[-1], args.times)
            figures[f"pen_up_to_colours_of_{STROKES[-1]}_strokes_ms"] = taken
        else:
            files = [file for file in args.page.rglob("*") if file.is_file()]
            figures["megabytes"] = sum(file.stat().st_size for file in files) / 1e6
            with web_host(args.page) as address:
                figures |= measure(browser.new_page(), address, STROKES, args.times)
        browser.close()
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
