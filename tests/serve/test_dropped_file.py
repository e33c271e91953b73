"""Files that are dropped onto the page: drawings with their labels, or the reason against them."""

import json

import pytest

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.serve import dropped_file
from instancesketch.serve.dropped_file import MOST_DRAWINGS, read_drawings, read_dropped
from instancesketch.serve.requests import MOST_STROKES, RequestError
from instancesketch.synth.draw import draw

DOODLE7 = Taxonomy.load("doodle7")
DOG = {"key_id": "1", "word": "dog", "drawing": [[[0, 10], [0, 5]]]}


def as_lines(*objects) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in objects)


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a file of some contents."""

    def write_and_read(name: str, data: bytes):
        path = tmp_path / name
        path.write_bytes(data)
        return read_drawings(str(path), DOODLE7)

    return write_and_read


def test_a_picture_of_ours_keeps_its_labels(read):
    car = draw(20, 21, "car")
    (drawing,) = read("car.svg", car.to_svg().encode())["drawings"]
    assert drawing["category"] == "car"
    assert drawing["part"] == car.part
    assert drawing["instance"] == car.instance
    assert [len(x) for x, _ in drawing["drawing"]] == car.stroke_len.tolist()


def test_the_first_drawings_of_a_file_are_shown_with_their_category(read):
    found = read("dogs.ndjson", as_lines(*(DOG | {"key_id": str(i)} for i in range(50))))
    assert (len(found["drawings"]), found["more"]) == (MOST_DRAWINGS, True)
    assert found["drawings"][0]["category"] == "4leg"
    assert found["drawings"][0]["word"] == "dog"


def test_labels_of_another_taxonomy_are_left_out_with_a_note(read):
    strange = DOG | {"category": "car", "part": ["wing"], "label": ["wing"]}
    found = read("x.ndjson", as_lines(strange))
    assert found["drawings"][0]["part"] is None
    assert "'wing'" in found["note"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.svg", b"<svg"),
        ("a.bin", b"\0\1\2"),
        ("a.txt", b"words"),
        ("empty.json", b""),
        ("bomb.svg", b'<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>'),
        ("nan.json", b'{"key_id": "1", "word": "a", "drawing": [[[NaN], [0]]]}'),
        ("long.ndjson", as_lines(DOG | {"drawing": [[[0], [0]]] * (MOST_STROKES + 1)})),
    ],
)
def test_anything_else_is_one_line(read, name, data):
    found = read(name, data)
    assert list(found) == ["error"]
    assert "\n" not in found["error"]


def test_a_file_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(dropped_file, "_SECONDS", 0.01)
    with pytest.raises(RequestError, match="too long"):
        read_dropped("../../a name/of.svg", b"<svg/>", DOODLE7)
