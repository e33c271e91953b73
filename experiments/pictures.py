"""The pictures of the README, from the real pages: a cat that is drawn, and a report.

  python -m experiments.pictures --out docs

Writes `draw.gif` and `report.png`. Needs Debian's chromium and playwright, of the extra `test`.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from instancesketch.synth.draw import draw

Line = npt.NDArray[np.float64]

PORT = 8799
VIEW = {"width": 1100, "height": 620}
SCALE = 0.7  # of the moving picture
COLOURS = 224
FRAME, LAST = 350, 3_000  # ms
# Drawings of the generator that the report shows: seed, numbers and categories.
SEED = 21
DRAWN = [(14, "4leg"), (6, "flower"), (1, "car"), (9, "2leg"), (7, "sun"), (5, "tree")]


def ring(x: float, y: float, width: float, height: float, points: int = 36) -> Line:
    """Return an ellipse that is drawn from the right."""
    turns = np.linspace(0, 2 * np.pi, points)
    return np.stack([x + width * np.cos(turns), y + height * np.sin(turns)], 1)


def bend(start: Sequence[float], control: Sequence[float], end: Sequence[float]) -> Line:
    """Return a quadratic curve."""
    s = np.linspace(0, 1, 18)[:, None]
    a, b, c = (np.array(point, float) for point in (start, control, end))
    return np.asarray((1 - s) ** 2 * a + 2 * s * (1 - s) * b + s * s * c)


# On a sheet of 600 by 420.
CAT = [
    ring(300, 230, 120, 62),
    ring(150, 150, 58, 50),
    np.array([(108, 118), (104, 62), (142, 104)], float),
    np.array([(160, 102), (198, 64), (196, 122)], float),
    ring(130, 145, 5, 6, 8),
    ring(172, 145, 5, 6, 8),
    bend((205, 268), (208, 300), (200, 350)),
    bend((245, 288), (246, 320), (240, 355)),
    bend((345, 288), (352, 320), (348, 355)),
    bend((388, 270), (398, 310), (396, 350)),
    bend((416, 215), (500, 190), (480, 90)),
]


@contextmanager
def serve() -> Iterator[str]:
    """Serve the page to draw on, and yield its address."""
    command = [sys.executable, "-m", "instancesketch", "draw", "--port", str(PORT), "--no-open"]
    server = subprocess.Popen(command)
    try:
        yield f"http://127.0.0.1:{PORT}/"
    finally:
        server.terminate()
        server.wait()


def film(browser: Any, out: Path) -> None:
    """Draw the cat on the page, stroke by stroke, and write the moving picture."""
    page = browser.new_page(viewport=VIEW, color_scheme="light")
    with serve() as address:
        for _ in range(100):
            try:
                page.goto(address)
                break
            except Exception:  # playwright's error where nothing answers yet
                page.wait_for_timeout(300)
        page.wait_for_selector("html[data-ready]")
        box = page.locator("#sheet").bounding_box()
        scale = min(box["width"] / 600, box["height"] / 420)
        corner = np.array(
            [
                box["x"] + (box["width"] - 600 * scale) / 2,
                box["y"] + (box["height"] - 420 * scale) / 2,
            ]
        )
        frames = []
        for stroke in CAT:
            points = corner + stroke * scale
            page.mouse.move(*points[0])
            page.mouse.down()
            for place, point in enumerate(points[1:], 1):
                page.mouse.move(*point)
                if place == len(points) // 2:
                    frames.append(shoot(page))
            page.mouse.up()
            # The pointer would show the second guess of the stroke that it rests on.
            page.mouse.move(corner[0], corner[1])
            page.wait_for_timeout(1_000)
            frames.append(shoot(page))
    page.close()
    first, *others = frames
    durations = [FRAME] * len(others) + [LAST]
    first.save(
        out, save_all=True, append_images=others, duration=durations, loop=0, optimize=True,
        disposal=1,
    )  # fmt: skip


def shoot(page: Any) -> Image.Image:
    """Return what the page shows, smaller and in few colours."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    size = (round(image.width * SCALE), round(image.height * SCALE))
    return image.resize(size, Image.Resampling.LANCZOS).quantize(COLOURS)


def photograph_report(browser: Any, out: Path) -> None:
    """Label generated drawings, and write a picture of their report."""
    with tempfile.TemporaryDirectory() as folder:
        drawings = Path(folder, "drawings")
        drawings.mkdir()
        for number, (index, category) in enumerate(DRAWN):
            (drawings / f"{number}-{category}.svg").write_text(draw(SEED, index, category).to_svg())
        for words in (
            ["segment", str(drawings), "--out", f"{folder}/result", "--quiet"],
            ["report", f"{folder}/result", "--out", f"{folder}/result.html"],
        ):
            subprocess.run([sys.executable, "-m", "instancesketch", *words], check=True)
        page = browser.new_page(viewport={"width": 1200, "height": 690}, color_scheme="light")
        page.goto(Path(folder, "result.html").as_uri())
        page.wait_for_timeout(1_500)
        page.screenshot(path=str(out))
        page.close()
    Image.open(out).convert("RGB").quantize(COLOURS).save(out, optimize=True)


def main() -> None:
    """Write both pictures."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs"), metavar="DIR")
    args = parser.parse_args()
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        film(browser, args.out / "draw.gif")
        photograph_report(browser, args.out / "report.png")
        browser.close()


if __name__ == "__main__":
    main()
