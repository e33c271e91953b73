import json

import pytest

from tests.formats.broken import SQUARE, published


@pytest.mark.parametrize(
    ("segments", "labels"),
    [
        ([["frame"], ["wheel"]], ("frame", "wheel")),
        ([["frame", "wheel", "wheel"], ["wheel", "frame"]], ("wheel", "wheel")),
        ([[], ["Wheel"]], ("unlabeled", "wheel")),
        (None, None),
    ],
)
def test_a_stroke_has_its_most_frequent_label(read_bytes, segments, labels):
    (record,) = read_bytes(json.dumps(published(segments=segments)).encode(), "c-1.json")
    assert record.sketch.label == labels
    assert record.sketch.sketch_id == "c-1"
    assert record.sketch.instance is None


def test_only_countable_parts_have_instances(read_bytes):
    (record,) = read_bytes(json.dumps(published(instances=[3, None])).encode(), "c.json")
    assert record.sketch.instance == (None, 0)


@pytest.mark.parametrize(
    ("folder", "fields", "category"),
    [
        ("car/job", {}, "car"),
        ("sun/car", {}, "car"),
        ("car", {"category": "sun"}, "sun"),
        ("stuff", {"word": "police car"}, "car"),
        ("stuff", {"word": "teapot"}, "teapot"),
    ],
)
def test_the_category_falls_back_from_field_to_nearest_folder_to_word(
    read_bytes, folder, fields, category
):
    data = json.dumps({"lines": [SQUARE], "source": "mine"} | fields).encode()
    (record,) = read_bytes(data, f"{folder}/a.json")
    assert record.sketch.category == category
    assert record.sketch.source == "mine"


def test_an_indented_file_is_recognised(read_bytes):
    (record,) = read_bytes(json.dumps(published(), indent=2).encode(), "whatever")
    assert record.sketch.part == ("frame", "wheel")


def test_an_oversized_file_is_rejected(read_bytes):
    (bad,) = read_bytes(json.dumps(published()).encode(), "a.json", max_record_bytes=50)
    assert "more than" in bad.reason
