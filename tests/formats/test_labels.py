from dataclasses import replace

import pyarrow as pa
import pytest

from instancesketch.core.errors import SketchError
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch, join_strokes
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import RawRecord, RowBatch, build_sketch
from instancesketch.formats.labels import resolve_batch

DOODLE7 = Taxonomy.load("doodle7")

CATEGORIES = [
    ("horse", ("sun",), "car", "4leg"),
    (None, ("job_1", "sun", "car"), "car", "sun"),
    (None, ("job_1",), "Police_Car", "car"),
    (None, (), "teapot", "teapot"),
    ("teapot", ("sun",), None, "teapot"),
    (None, (), None, None),
]


def record(strokes: int = 2, word: str | None = None, **fields) -> RawRecord:
    fields |= {"sketch_id": "a"} | join_strokes([[[0, 0]]] * strokes)
    return RawRecord(fields=fields, position="", word=word)


@pytest.mark.parametrize(("category", "folders", "word", "expected"), CATEGORIES)
def test_the_category_falls_back_from_field_to_folder_to_word(category, folders, word, expected):
    sketch = build_sketch(record(category=category, word=word), DOODLE7, folders)
    assert sketch.category == expected


@pytest.mark.parametrize(
    ("category", "folders", "word", "expected"),
    [
        ("4leg", (), "horse", "horse"),
        ("Police_Car", (), None, "Police_Car"),
        ("car", ("sun",), None, None),  # it says all that the file does
        ("teapot", ("sun",), None, None),
        (None, ("job_1", "Pickup truck"), None, "Pickup truck"),
        (None, ("sun",), "van", "van"),
        (None, (), "teapot", "teapot"),
        (None, (), None, None),
    ],
)
def test_the_word_is_the_files_own_name(category, folders, word, expected):
    assert build_sketch(record(category=category, word=word), DOODLE7, folders).word == expected


@pytest.mark.parametrize("word", [None, "horse"])
def test_the_words_of_a_corpus_stay(word):
    raw = record(category="dog")
    raw = replace(raw, fields=raw.fields | {"word": word})
    sketch = build_sketch(raw, DOODLE7)
    assert (sketch.category, sketch.word) == ("4leg", word)


def test_rows_without_a_category_are_named_by_folder_or_word():
    rows = to_table([Sketch.from_strokes([[(0, 0)]], word="horse")])
    for taxonomy, folders, expected in (
        (DOODLE7, (), "4leg"),
        (DOODLE7, ("sun",), "sun"),
        (None, ("sun",), "horse"),
    ):
        resolved = resolve_batch(RowBatch(table=rows, first=0), taxonomy, folders).table
        row = resolved.select(["category", "word"]).to_pylist()
        assert row == [{"category": expected, "word": "horse"}]


def test_strokes_of_what_has_no_parts_are_unlabelled_or_rejected():
    default = Taxonomy.load("default")
    blank = record(label=("unlabeled", "Unlabeled"), instance=(1, None), category="other")
    sketch = build_sketch(blank, default)
    assert (sketch.part, sketch.label, sketch.instance) == (None, None, None)
    with pytest.raises(SketchError, match="unknown label 'wheel' for other"):
        build_sketch(record(label=("unlabeled", "wheel"), category="other"), default)


def test_batches_get_the_categories_of_their_sketches():
    for category, folders, _, _ in CATEGORIES:
        sketch = build_sketch(record(category=category))
        batch = RowBatch(table=to_table([sketch]), first=0)
        resolved = resolve_batch(batch, DOODLE7, folders).table["category"].to_pylist()
        assert resolved == [build_sketch(record(category=category), DOODLE7, folders).category]
    empty = RowBatch(table=pa.Table.from_batches([], to_table([]).schema), first=0)
    assert len(resolve_batch(empty, DOODLE7, ()).table) == 0


def test_labels_without_a_category_are_rejected():
    with pytest.raises(
        SketchError, match="'a': labels without a category of doodle7: put the file into a folder"
    ):
        build_sketch(record(label=("body", "body")), DOODLE7)


def test_only_countable_parts_have_instances():
    raw = record(label=("ray", "center"), instance=(None, 3), category="sun")
    assert build_sketch(raw, DOODLE7).instance == (0, None)


def test_instances_stay_null_if_none_are_given():
    sketch = build_sketch(record(label=("ray", "center"), category="sun"), DOODLE7)
    assert sketch.instance is None


def test_strokes_of_a_scene_have_the_parts_of_their_object():
    scene = record(
        3,
        label=("ray", "wheel", "unlabeled"),
        instance=(1, 2, None),
        object=(0, 1, -1),
        object_category=("sun", "van", "teapot"),
    )
    sketch = build_sketch(scene, DOODLE7, ("flower",))
    assert sketch.object_category == ("sun", "car", None)
    assert sketch.part == ("ray", "wheel", "unlabeled")
    assert sketch.instance == (1, 2, None)
    assert sketch.category is None
    with pytest.raises(SketchError, match="no category of doodle7"):
        build_sketch(record(1, label=("ray",), object=(-1,), object_category=()), DOODLE7)


@pytest.mark.parametrize(
    "fields",
    [
        {"label": ("ray",)},
        {"label": ("ray", "ray"), "instance": (1, 2, 3)},
        {"label": ("ray", "ray"), "object": (0, 5), "object_category": ("sun",)},
        {"label": ("ray", "ray"), "object": (0, 0)},
    ],
)
def test_labels_that_do_not_match_the_strokes_are_rejected(fields):
    with pytest.raises(SketchError, match=r"entries|not among|go together"):
        build_sketch(record(category="sun", **fields), DOODLE7)


def test_words_are_kept_without_a_taxonomy():
    sketch = build_sketch(record(label=("a", "b"), word="teapot"), None, ("sun",))
    assert (sketch.category, sketch.part, sketch.label) == ("teapot", ("a", "b"), ("a", "b"))


def test_a_sketch_is_constructed_once_per_record(read_bytes, monkeypatch):
    constructed = []
    check = Sketch.__post_init__
    monkeypatch.setattr(
        Sketch, "__post_init__", lambda sketch: (constructed.append(1), check(sketch))
    )
    data = b'{"lines": [[[0, 0]]], "segments": [["wheel"]], "instances": [2], "category": "car"}'
    (found,) = read_bytes(data, "a.json", split_by="sketch")
    assert (found.sketch.part, found.sketch.instance, len(constructed)) == (("wheel",), (2,), 1)
