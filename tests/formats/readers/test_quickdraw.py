import json

from tests.formats.broken import COLUMNS, drawing


def test_the_simplified_form_is_read(read_bytes):
    (record,) = read_bytes(drawing("17", key_id=17).encode(), "sun.ndjson")
    assert record.sketch.sketch_id == "17"
    assert record.sketch.category == "sun"
    assert record.sketch.label is None
    assert record.sketch.split is None
    assert [s.tolist() for s in record.sketch.to_strokes()] == [[[0, 0], [4, 0], [4, 4], [0, 4]]]
    assert record.position == "line 1"


def test_the_time_of_the_raw_form_is_ignored(read_bytes):
    raw = drawing("r", drawing=[[*COLUMNS, [0, 10, 20, 30]]])
    (record,) = read_bytes(raw.encode(), "raw.ndjson")
    assert record.sketch.x.tolist() == COLUMNS[0]


def test_the_category_takes_precedence_over_the_word(read_bytes):
    (record,) = read_bytes(drawing("1", word="dog", category="4leg").encode(), "dog.ndjson")
    assert record.sketch.category == "4leg"


def test_windows_line_ends_and_a_byte_order_mark_are_ignored(read_bytes):
    data = b"\xef\xbb\xbf" + "\r\n".join([drawing("1"), "", drawing("2")]).encode()
    assert [r.sketch.sketch_id for r in read_bytes(data, "a.ndjson")] == ["1", "2"]


def test_without_parts_labels_are_the_parts(read_bytes):
    (record,) = read_bytes(drawing("1", label=["ray"]).encode(), "a.ndjson")
    assert record.sketch.part == record.sketch.label == ("ray",)


def test_a_scene_has_objects(read_bytes):
    scene = {
        "scene_id": "s1",
        "source": "cbsc",
        "user": "3",
        "width": 800,
        "height": 600.5,
        "drawing": [COLUMNS, COLUMNS],
        "object": [0, -1],
        "object_category": ["sun"],
    }
    (record,) = read_bytes(json.dumps(scene).encode(), "scenes.ndjson")
    sketch = record.sketch
    assert (sketch.sketch_id, sketch.source) == ("s1", "cbsc")
    assert (sketch.width, sketch.height) == (800, 600.5)
    assert (sketch.object, sketch.object_category) == ((0, -1), ("sun",))
    assert sketch.category is None
    (bad,) = read_bytes(drawing("k").encode(), "k.ndjson", "scenes")
    assert bad.reason == "no scene_id"
