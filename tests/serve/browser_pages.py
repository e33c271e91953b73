"""A plain web host for an exported page, and calls of its backend in a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from instancesketch.core.sketch import Sketch

# Loaded where the backend alone is tested, without the page.
BLANK = "<!doctype html><meta charset='utf-8'><title>blank</title><link rel='icon' href='icon.svg'>"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def web_host(folder: Path) -> Iterator[str]:
    """Serve a folder as any web host does; yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def start_backend(page: Any, address: str) -> None:
    """Open a page without content, and make the exported backend in it."""
    page.goto(f"{address}/blank.html")
    page.evaluate(
        """async () => {
          const { createBackend } = await import("./backend.js");
          window.progress = [];
          window.backend = await createBackend({ onProgress: (text) => progress.push(text) });
        }"""
    )


def strokes_of(sketch: Sketch) -> list[list[list[float]]]:
    """Return strokes as the page gives them: [[x…], [y…]] each."""
    return [points.T.tolist() for points in sketch.to_strokes()]


def label(
    page: Any, sketches: Sequence[Sketch], options: Sequence[dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """Return the backend's answers; options are those of each drawing."""
    return page.evaluate(
        """async (asked) => {
          const answers = [];
          for (const { strokes, options } of asked) {
            answers.push(await backend.label(strokes, options));
          }
          return answers;
        }""",
        [
            {"strokes": strokes_of(sketch), "options": {} if options is None else options[i]}
            for i, sketch in enumerate(sketches)
        ],
    )


def refusal(page: Any, sketch: Sketch | None, options: dict[str, Any]) -> str:
    """Return the message that the backend rejects a drawing with."""
    return page.evaluate(
        "([strokes, options]) => backend.label(strokes, options).then(() => '', (e) => e.message)",
        [[] if sketch is None else strokes_of(sketch), options],
    )
