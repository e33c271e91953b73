"""Pictures as files: which are read, and damaged, enormous and hostile ones."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyarrow import fs

from instancesketch.core.errors import SketchError, UserError
from instancesketch.core.sketch import Sketch
from instancesketch.formats import Record, Rejection, sniff
from instancesketch.formats.readers import picture
from tests.formats.tracing.pictures import paint, to_bytes

pytest.importorskip("skimage", reason="needs the extra `trace`")

LINE = paint([(20, 100), (180, 100)])
LOCAL = fs.LocalFileSystem()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_pictures_are_known_by_their_contents(tmp_path: Path, form: str) -> None:
    path = tmp_path / "drawing.json"  # a wrong name
    path.write_bytes(to_bytes(LINE, form))
    assert sniff(str(path), LOCAL, pictures=True) == "picture"
    assert sniff(str(path), LOCAL) is None


def test_a_picture_is_one_drawing_of_its_size(read_bytes: Callable[..., Any]) -> None:
    (record,) = read_bytes(to_bytes(LINE), "car.png", "picture")
    assert isinstance(record, Record)
    sketch = record.sketch
    assert (sketch.sketch_id, sketch.width, sketch.height, len(sketch)) == ("car", 200, 200, 1)


def test_pictures_are_rejected_with_a_hint_where_nobody_asks(
    read_bytes: Callable[..., Any], tmp_path: Path
) -> None:
    (rejection,) = read_bytes(to_bytes(LINE), "car.png")
    assert rejection.reason == picture.NOT_ASKED
    with pytest.raises(UserError, match="--trace"):
        Sketch.from_file(tmp_path / "car.png")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_damaged_pictures_are_rejected_or_read(form: str, read_bytes: Callable[..., Any]) -> None:
    data, rng = to_bytes(LINE, form), np.random.default_rng(0)
    for _ in range(25):
        cut = data[: int(rng.integers(20, len(data)))]
        flipped = bytearray(data)
        for at in rng.integers(16, len(data), 5):
            flipped[at] ^= int(rng.integers(1, 256))
        for damaged in (cut, bytes(flipped)):
            (found,) = read_bytes(damaged, "a.png", "picture")
            assert isinstance(found, Record) or found.reason.startswith(
                ("a damaged picture", "a picture of", "no lines found")
            )


@pytest.mark.parametrize("side", [10_000, 30_000, 2**31 - 1])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(
    side: int, read_bytes: Callable[..., Any]
) -> None:
    (rejection,) = read_bytes(_bomb(side), "bomb.png", "picture")
    assert isinstance(rejection, Rejection)
    assert "at most 80,000,000 are read" in rejection.reason


def _bomb(side: int) -> bytes:
    """Return a PNG whose header promises a square of pixels, with few of them."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body)


def test_the_largest_pictures_are_scaled_down(read_bytes: Callable[..., Any]) -> None:
    image = Image.new("1", (8_000, 8_000), 1)
    image.paste(0, (1_000, 4_000, 7_000, 4_100))
    (record,) = read_bytes(to_bytes(image), "large.png", "picture")
    assert (record.sketch.width, len(record.sketch)) == (8_000, 1)


def test_a_file_larger_than_a_record_may_be_is_rejected(read_bytes: Callable[..., Any]) -> None:
    (rejection,) = read_bytes(to_bytes(LINE, "BMP"), "a.bmp", "picture", max_record_bytes=1_000)
    assert "MB of a record" in rejection.reason


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "skimage", None)
    with pytest.raises(UserError, match=r"pip install 'instancesketch\[trace\]'"):
        picture.parse(to_bytes(LINE), "a")
    # Before that, nothing of the picture has been read.
    with pytest.raises(UserError):
        picture.parse(b"", "a")


def test_python_reads_pictures_where_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(to_bytes(LINE))
    assert len(Sketch.from_file(tmp_path / "a.png", trace=True)) == 1
    (tmp_path / "b.png").write_bytes(to_bytes(Image.new("L", (50, 50), 255)))
    with pytest.raises(SketchError, match="no lines found"):
        Sketch.from_file(tmp_path / "b.png", trace=True)
