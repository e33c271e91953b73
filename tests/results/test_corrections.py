"""Corrections made on the page of a report, and the labelled rows they become."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from instancesketch.batch.config import IngestConfig
from instancesketch.batch.corrected import ingest_corrected
from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.schema import RESULT_SCHEMA, SCHEMA, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import Piece
from instancesketch.core.taxonomy import Taxonomy

LINE = [(0, 0), (9, 9), (18, 0)]
# A dog's one stroke that is body and leg stays one, and the label that is chosen is all of it.
PIECES = ((Piece(0, "body", 0.5), Piece(1, "front-leg", 0.5)), None, None)
SCORES = {"category_score": 0.5, "part_score": (0.5,) * 3, "split": "valid", "pieces": PIECES}


def drawing(sketch_id: str, **values) -> Sketch:
    parts = ("body", "front-leg", "back-leg")
    labels = {"category": "4leg", "part": parts, "label": parts, "instance": (None, 1, 1)}
    return Sketch.from_strokes([LINE] * 3, sketch_id=sketch_id, **(SCORES | labels | values))


NOTHING = {"part": None, "label": None, "instance": None, "part_score": None, "pieces": None}
ROWS = [
    drawing("dog"),
    drawing("right", category_2="2leg", category_2_score=0.1, word="horse"),
    drawing("other", category="other", **NOTHING),
    drawing("failed", category=None, category_score=None, error="too large", **NOTHING),
    drawing(
        "scene",
        category=None,
        part=("wheel", "frame", "unlabeled"),
        label=("wheel", "frame", "unlabeled"),
        instance=(1, None, None),
        object=(0, 0, -1),
        object_category=("car",),
        object_score=(0.9,),
    ),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a result into `result`."""
    parquet.write_table(str(tmp_path / "result" / "part-0.parquet"), to_table(ROWS, RESULT_SCHEMA))
    taxonomy = Taxonomy.load("default").to_dict()
    storage.write_json(str(tmp_path / "result" / "summary.json"), {"taxonomy": taxonomy})
    return tmp_path


def ingest(folder: Path, drawings: object, out: str = "out", **values):
    file = folder / "corrections.json"
    file.write_text(drawings if isinstance(drawings, str) else json.dumps({"drawings": drawings}))
    config = IngestConfig(
        sources=(str(folder / "result"),), out=str(folder / out), corrections=str(file), **values
    )
    return ingest_corrected(config)


def rows(folder: Path) -> dict[str, Sketch]:
    return {sketch.sketch_id: sketch for sketch in parquet.read_sketches(str(folder / "out"))}


def test_corrected_drawings_become_labelled_rows_and_others_are_left_out(folder):
    summary = ingest(
        folder,
        [
            {
                "sketch_id": "dog",
                "strokes": [
                    {"stroke": 3, "label": "tail", "instance": None},
                    {"stroke": 2, "label": "front-left-leg", "instance": 2},
                ],
            },
            {"sketch_id": "right"},
        ],
    )
    assert (summary.rows, summary.counts["not_corrected"]) == (2, 3)
    corrected = rows(folder)
    dog = corrected["dog"]
    assert dog.part == ("body", "front-leg", "tail")
    assert dog.label == ("body", "front-left-leg", "tail")
    assert dog.instance == (None, 2, None)
    right = corrected["right"]
    assert (right.part, right.word, right.split) == (ROWS[1].part, "horse", "valid")
    schema = parquet.read_table(str(folder / "out" / "part-000000.parquet")).schema
    assert schema.equals(SCHEMA)


def test_categories_are_corrected_with_all_their_strokes(folder):
    car = [
        {"stroke": i, "label": label, "instance": number}
        for i, label, number in ((1, "wheel", 1), (2, "wheel", 2), (3, "frame", None))
    ]
    ingest(
        folder,
        [
            {"sketch_id": "other", "category": "car", "strokes": car},
            {"sketch_id": "failed", "category": "car", "strokes": car},
            {"sketch_id": "dog", "category": "other"},
        ],
    )
    corrected = rows(folder)
    for name in ("other", "failed"):
        assert corrected[name].part == ("wheel", "wheel", "frame")
        assert corrected[name].instance == (1, 2, None)
        assert corrected[name].error is None
    assert (corrected["dog"].category, corrected["dog"].part) == ("other", None)


def test_objects_of_scenes_are_corrected(folder):
    ingest(
        folder,
        [
            {
                "sketch_id": "scene",
                "objects": [{"object": 1, "category": "tree"}],
                "strokes": [
                    {"stroke": 1, "label": "leaves", "instance": None},
                    {"stroke": 2, "label": "trunk", "instance": None},
                ],
            }
        ],
    )
    scene = rows(folder)["scene"]
    assert (scene.object_category, scene.object) == (("tree",), (0, 0, -1))
    assert scene.part == ("leaves", "trunk", "unlabeled")
    assert scene.instance == (None,) * 3


def test_strokes_go_to_other_objects_and_to_new_ones(folder):
    ingest(
        folder,
        [
            {
                "sketch_id": "scene",
                "objects": [{"object": 2, "category": "tree"}, {"object": 3, "category": None}],
                "strokes": [
                    {"stroke": 1, "object": 3},
                    {"stroke": 2, "object": 2, "label": "trunk", "instance": None},
                    {"stroke": 3, "object": 2, "label": "leaves", "instance": None},
                ],
            }
        ],
    )
    scene = rows(folder)["scene"]
    # Nothing is left of the car.
    assert (scene.object_category, scene.object) == (("tree", None), (1, 0, 0))
    assert scene.part == scene.label == ("unlabeled", "trunk", "leaves")
    assert scene.instance == (None,) * 3


def test_a_stroke_of_another_object_keeps_its_part_but_not_its_number(folder):
    ingest(
        folder,
        [
            {
                "sketch_id": "scene",
                "objects": [{"object": 2, "category": "car"}],
                "strokes": [{"stroke": 1, "object": 2}, {"stroke": 2, "object": None}],
            }
        ],
    )
    scene = rows(folder)["scene"]
    assert (scene.object_category, scene.object) == (("car",), (0, -1, -1))
    assert scene.part == ("wheel", "unlabeled", "unlabeled")
    assert scene.instance == (0, None, None)


STROKE = {"stroke": 1, "label": "body", "instance": None}
WRONG = {
    "not JSON": ("{", "corrections.json"),
    "another file": ('{"a": 1}', "has no list `drawings`"),
    "nothing": ([], "has no corrections"),
    "a number": ([3], "drawing 1: it is not an object"),
    "no id": ([{}], "drawing 1: 'sketch_id' is 'None', not a name"),
    "twice": ([{"sketch_id": "dog"}] * 2, "'dog' is there twice"),
    "misspelt": ([{"sketch_id": "dog", "stroke": []}], "'dog' has an unknown key 'stroke'"),
    "unknown id": ([{"sketch_id": "cat"}], "has no drawing 'cat'"),
    "no such stroke": (
        [{"sketch_id": "dog", "strokes": [STROKE | {"stroke": 4}]}],
        "'dog': there is no stroke 4: it has 3",
    ),
    "stroke 0": (
        [{"sketch_id": "dog", "strokes": [STROKE | {"stroke": 0}]}],
        "not a number from 1",
    ),
    "stroke twice": (
        [{"sketch_id": "dog", "strokes": [STROKE] * 2}],
        "a stroke is corrected twice",
    ),
    "unknown part": (
        [{"sketch_id": "dog", "strokes": [STROKE | {"label": "wheel"}]}],
        "'dog': stroke 1: unknown label 'wheel' for 4leg",
    ),
    "unknown category": ([{"sketch_id": "dog", "category": "x"}], "'dog': unknown category 'x'"),
    "parts of another category": (
        [{"sketch_id": "dog", "category": "car", "strokes": [STROKE | {"label": "wheel"}]}],
        "'dog': stroke 2: unknown label 'front-leg' for car",
    ),
    "parts of nothing": (
        [{"sketch_id": "other", "strokes": [STROKE]}],
        "'other': a drawing of the category 'other' has no parts",
    ),
    "not all strokes": (
        [{"sketch_id": "other", "category": "4leg", "strokes": [STROKE]}],
        "'other': stroke 2 has no part",
    ),
    "instance": (
        [{"sketch_id": "dog", "strokes": [STROKE | {"instance": -1}]}],
        "'instance' is '-1', not a number from 0",
    ),
    "no such object": (
        [{"sketch_id": "scene", "objects": [{"object": 2, "category": "tree"}]}],
        "'scene': there is no object 2: it has 1",
    ),
    "object of a plain drawing": (
        [{"sketch_id": "dog", "strokes": [{"stroke": 1, "object": 1}]}],
        "'dog': it is no scene",
    ),
    "object 0": (
        [{"sketch_id": "scene", "strokes": [{"stroke": 1, "object": 0}]}],
        "'object' is '0', not a number from 1",
    ),
    "more objects than strokes": (
        [{"sketch_id": "scene", "strokes": [{"stroke": 1, "object": 5}]}],
        "'scene': there is no object 5",
    ),
    "part of another object": (
        [
            {
                "sketch_id": "scene",
                "objects": [{"object": 2, "category": "tree"}],
                "strokes": [{"stroke": 1, "object": 2}],
            }
        ],
        "'scene': stroke 1: unknown label 'wheel' for tree",
    ),
    "part of no object": (
        [
            {
                "sketch_id": "scene",
                "strokes": [{"stroke": 1, "object": None, "label": "wheel", "instance": 1}],
            }
        ],
        "'scene': stroke 1 is of no category that has parts",
    ),
    "category of a scene": ([{"sketch_id": "scene", "category": "car"}], "a scene has no category"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_corrections_are_one_line_and_write_nothing(folder, name):
    drawings, message = WRONG[name]
    with pytest.raises(UserError) as error:
        ingest(folder, drawings)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not (folder / "out").exists()


def test_the_same_command_again_is_finished_and_another_is_refused(folder):
    assert not ingest(folder, [{"sketch_id": "dog"}]).finished_before
    assert ingest(folder, [{"sketch_id": "dog"}]).finished_before
    with pytest.raises(UserError, match="corrections"):
        ingest(folder, [{"sketch_id": "right"}])


def test_options_for_files_are_refused(folder):
    for values, option in (({"trace": True}, "--trace"), ({"format": "svg"}, "--format")):
        with pytest.raises(UserError, match=option):
            ingest(folder, [{"sketch_id": "dog"}], **values)


def test_the_command_says_what_it_made(folder):
    (folder / "c.json").write_text(json.dumps({"drawings": [{"sketch_id": "dog"}]}))
    result, out, file = (str(folder / name) for name in ("result", "out", "c.json"))
    command = [sys.executable, "-m", "instancesketch", "ingest", result, "--out", out]
    done = subprocess.run([*command, "--corrections", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "left out drawings that nobody has corrected: 4" in done.stdout
    assert "ingest: 1 sketches, 3 strokes, 0 rejected" in done.stdout
