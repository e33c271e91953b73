import pytest

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats.records import Record, Rejection, resolve

DOODLE7 = Taxonomy.load("doodle7")


def record(strokes: int = 2, word: str | None = None, **values) -> Record:
    sketch = Sketch.from_strokes([[[0, 0]]] * strokes, sketch_id="a", **values)
    return Record(sketch=sketch, position="", word=word)


@pytest.mark.parametrize(
    ("category", "folders", "word", "expected"),
    [
        ("horse", ("sun",), "car", "4leg"),
        (None, ("job_1", "sun", "car"), "car", "sun"),
        (None, ("job_1",), "Police_Car", "car"),
        (None, (), "teapot", "teapot"),
        ("teapot", ("sun",), None, "teapot"),
        (None, (), None, None),
    ],
)
def test_category(category, folders, word, expected):
    found = resolve(record(category=category, word=word), DOODLE7, folders)
    assert found.category == expected


def test_labels_without_a_category_are_rejected():
    with pytest.raises(SketchError, match="category None is not one of doodle7"):
        resolve(record(label=("body", "body")), DOODLE7, ())


def test_instances_follow_the_part():
    found = resolve(
        record(label=("ray", "center"), instance=(None, 3), category="sun"), DOODLE7, ()
    )
    assert found.instance == (0, None)


def test_no_instances_are_not_unknown_ones():
    found = resolve(record(label=("ray", "center"), category="sun"), DOODLE7, ())
    assert found.instance is None


def test_strokes_of_a_scene_have_the_parts_of_their_object():
    scene = record(
        3,
        label=("ray", "wheel", "unlabeled"),
        instance=(1, 2, None),
        object=(0, 1, -1),
        object_category=("sun", "van", "teapot"),
    )
    found = resolve(scene, DOODLE7, ("flower",))
    assert found.object_category == ("sun", "car", None)
    assert found.part == ("ray", "wheel", "unlabeled")
    assert found.instance == (1, 2, None)
    assert found.category is None
    with pytest.raises(SketchError, match="no category of doodle7"):
        resolve(record(1, label=("ray",), object=(-1,), object_category=()), DOODLE7, ())


def test_enormous_labels_and_words_give_short_reasons(read_bytes):
    for fields in ('"segments": [["{}"]], "category": "car"', '"segments": [["a"]], "word": "{}"'):
        data = '{"lines": [[[0, 0]]], ' + fields.format("x" * 10_000_000) + "}"
        (found,) = read_bytes(data.encode(), "a.json")
        assert isinstance(found, Rejection)
        assert len(found.reason) <= 501


def test_without_a_taxonomy_words_stay():
    found = resolve(record(label=("a", "b"), word="teapot"), None, ("sun",))
    assert (found.category, found.part, found.label) == ("teapot", ("a", "b"), ("a", "b"))
