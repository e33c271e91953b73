"""Read a file that is dropped onto the page, in a process of its own, which a file can't harm.

`python -m instancesketch.serve.dropped_file PATH` reads a taxonomy's mapping as JSON from standard
input and prints the drawings as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

from instancesketch.core import storage
from instancesketch.core.errors import UserError, last_line
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import COMPANION, FileRange, Rejection, explain_unknown, read, sniff
from instancesketch.serve.columns import columns_of
from instancesketch.serve.requests import MOST_POINTS, MOST_STROKES, RequestError

MOST_DRAWINGS = 30  # of a file; the others are left out, which is said
_PROCESSOR_SECONDS = 20  # to read a file
_SECONDS = 120.0  # on a busy machine


def read_dropped(name: str, data: bytes, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the first drawings of a file, and whether it holds more.

    Args:
        name: of the file, which decides its format where its contents don't.
        data: its contents.
        taxonomy: resolves categories and labels.

    Raises:
        RequestError: it can't be read; the message says why.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, storage.safe_file_name(PurePath(name).name or "drawing")[-100:])
        path.write_bytes(data)
        try:
            ended = subprocess.run(
                [sys.executable, "-m", __name__, str(path)],
                input=json.dumps(taxonomy.to_dict()).encode(),
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RequestError(422, f"{name[:80]} takes too long to read") from None
    if ended.returncode:
        raise RequestError(422, f"{name[:80]} can't be read: it takes too long, or too much memory")
    answer: dict[str, Any] = json.loads(ended.stdout)
    if "error" in answer:
        raise RequestError(422, f"{name[:80]}: {answer['error']}")
    return answer


def read_drawings(path: str, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return what `read_dropped` does, or the reason against it as `error`."""
    # Labels of another taxonomy reject a drawing, which can be shown without them.
    first, with_labels, reason = _first(path, taxonomy, True), True, None
    if not any(isinstance(found, Sketch) for found in first):
        reason = next((found.reason for found in first if isinstance(found, Rejection)), None)
        first, with_labels = _first(path, taxonomy, False), False
    sketches = [found for found in first if isinstance(found, Sketch)]
    if not sketches:
        return {"error": reason or "no drawing in it"}
    small = [s for s in sketches if len(s) <= MOST_STROKES and len(s.x) <= MOST_POINTS]
    if not small:
        return {"error": f"its drawing has more than {MOST_STROKES:,} strokes"}
    note = "" if with_labels or reason is None else f"without its labels: {reason}"
    drawings = [_to_json(sketch, taxonomy) for sketch in small[:MOST_DRAWINGS]]
    return {"drawings": drawings, "more": len(first) > MOST_DRAWINGS, "note": note}


def _first(path: str, taxonomy: Taxonomy, labels: bool) -> list[Sketch | Rejection]:
    return list(islice(_read(path, taxonomy, labels), MOST_DRAWINGS + 1))


def _read(path: str, taxonomy: Taxonomy, labels: bool) -> Iterator[Sketch | Rejection]:
    filesystem, place = storage.locate(path)
    # Somebody who drops a picture wants its lines.
    form = sniff(place, filesystem, pictures=True)
    if form is None:
        yield explain_unknown(place, filesystem)
        return
    if form == COMPANION:
        yield Rejection(file=place, position="", reason="in no format that can be read")
        return
    # The folder is a temporary one, which names nothing.
    found = read(
        FileRange(path=place, format=form), filesystem, taxonomy=taxonomy, folders=(), labels=labels
    )
    for record in found:
        yield record if isinstance(record, Rejection) else record.sketch


def _to_json(sketch: Sketch, taxonomy: Taxonomy) -> dict[str, Any]:
    category = taxonomy.category_of(sketch.category) or taxonomy.category_of(sketch.word)
    return {
        "key_id": sketch.sketch_id,
        "category": category,
        "word": sketch.word or sketch.category,
        "drawing": columns_of(sketch),
        "part": sketch.part,
        "label": sketch.label,
        "instance": sketch.instance,
        "object": sketch.object,
        "object_category": sketch.object_category
        and [taxonomy.category_of(name) for name in sketch.object_category],
    }


def _limit_processor_time() -> None:
    with suppress(ImportError):  # which only Unix has
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS))


def _main() -> None:
    _limit_processor_time()
    taxonomy = Taxonomy.from_dict(json.loads(sys.stdin.buffer.read()))
    try:
        answer = read_drawings(sys.argv[1], taxonomy)
    except UserError as error:
        answer = {"error": last_line(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    _main()
