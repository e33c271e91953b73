"""Export of corpora and results to other formats."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.schema import RESULT_SCHEMA, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import Piece
from instancesketch.formats import EXPORTABLE
from instancesketch.results import export
from instancesketch.results.selection import Selection
from tests.drawings import DEFAULT


@pytest.mark.parametrize("format", EXPORTABLE)
def test_export_writes_every_format_into_a_new_folder(
    corpus: str, tmp_path: Path, format: str
) -> None:
    out = tmp_path / "exported"
    assert export.export(corpus, format, str(out)) == 20
    assert [p for p in out.rglob("*") if p.is_file()]
    with pytest.raises(UserError, match="is there already"):
        export.export(corpus, format, str(out))


def test_export_raises_before_it_writes(corpus: str, tmp_path: Path) -> None:
    for source, format in ((corpus, "npz"), (str(tmp_path / "nothing"), "svg")):
        with pytest.raises(UserError):
            export.export(source, format, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_uncertain_exports_the_lowest_confidence_first(corpus: str, tmp_path: Path) -> None:
    rows = [s.replace(part=s.part, label=s.part) for s in parquet.read_sketches(corpus)]
    scored = [
        s.replace(part_score=(0.05 * (7 * i % 20),) * len(s), category_score=0.9)
        for i, s in enumerate(rows)
    ]
    scored[3] = scored[3].replace(error="too odd", part_score=None)
    parquet.write_table(str(tmp_path / "r" / "rows.parquet"), to_table(scored, RESULT_SCHEMA))
    out = tmp_path / "out"
    assert (
        export.export(str(tmp_path / "r"), "quickdraw", str(out), selection=Selection(uncertain=5))
        == 5
    )
    exported = [json.loads(line)["key_id"] for line in (out / "sketches.ndjson").open()]
    expected = sorted(scored, key=lambda s: s.confidence or 0)[:5]
    assert scored[3] in expected[:2]
    assert exported == [s.sketch_id for s in expected]
    with pytest.raises(UserError, match="has no scores"):
        export.export(corpus, "svg", str(tmp_path / "none"), selection=Selection(uncertain=5))
    with pytest.raises(UserError, match="a number of drawings from 1"):
        export.export(corpus, "svg", str(tmp_path / "none"), selection=Selection(uncertain=0))
    with pytest.raises(UserError, match="--images goes with --format cvat or coco"):
        export.export(corpus, "svg", str(tmp_path / "none"), images=True)


def exported_ids(out: Path) -> list[str]:
    return [json.loads(line)["key_id"] for line in (out / "sketches.ndjson").open()]


def test_ids_of_a_file_are_exported_in_the_order_of_the_rows(corpus: str, tmp_path: Path) -> None:
    ids = [s.sketch_id for s in parquet.read_sketches(corpus)]
    names = tmp_path / "ids.txt"
    names.write_bytes(f"{ids[7]}\r\n\n{ids[2]}\n{ids[7]}".encode())
    out = tmp_path / "out"
    assert export.export(corpus, "quickdraw", str(out), selection=Selection(ids=str(names))) == 2
    assert exported_ids(out) == [ids[2], ids[7]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"nowhere\nelse", "ids.txt: not in .*: 'else', 'nowhere'"),
        (b" \n", "has no ids"),
        (b"\xff\xfe", "not a text file"),
        (None, "ids.txt"),
    ],
)
def test_wrong_files_of_ids_are_one_line_and_write_nothing(
    corpus: str, tmp_path: Path, text: bytes | None, message: str
) -> None:
    names = tmp_path / "ids.txt"
    if text is not None:
        names.write_bytes(text)
    with pytest.raises(UserError, match=message):
        export.export(corpus, "svg", str(tmp_path / "none"), selection=Selection(ids=str(names)))
    assert not (tmp_path / "none").exists()


def test_categories_are_exported_by_name_word_and_title(result: str, tmp_path: Path) -> None:
    rows = list(parquet.read_sketches(result))
    for number, (name, category) in enumerate({"sun": "sun", "dog": "4leg"}.items()):
        out = tmp_path / f"{number}"
        expected = [s.sketch_id for s in rows if s.category == category]
        assert expected
        selection = Selection(categories=[name])
        assert export.export(result, "quickdraw", str(out), selection=selection) == len(expected)
        assert exported_ids(out) == expected
    with pytest.raises(UserError, match="'castle' is no category of doodle7"):
        export.export(
            result, "svg", str(tmp_path / "none"), selection=Selection(categories=["castle"])
        )


HOUSE = Sketch.from_strokes(
    [[(10, 10), (30, 10)], [(60, 20), (80, 20), (80, 50)], [(5, 5)]],
    sketch_id="a/b",
    width=100,
    height=60,
    part=("body", "frame", "unlabeled"),
    label=("body", "frame", "unlabeled"),
    instance=(None, 0, None),
    object=(1, 0, -1),
    object_category=("car", "cloud"),
    split="train",
)
SUN = Sketch.from_strokes(
    [[(0, 0), (8, 4)], [(1, 1), (2, 9)]], sketch_id="s", category="sun", part=("ray", "ray")
)


@pytest.fixture
def mixed(tmp_path: Path) -> str:
    parquet.write_table(str(tmp_path / "mixed" / "part-0.parquet"), to_table([HOUSE, SUN]))
    return str(tmp_path / "mixed")


def test_coco_has_a_box_for_each_object_and_its_strokes_as_lines(mixed, tmp_path) -> None:
    out = tmp_path / "out"
    assert export.export(mixed, "coco", str(out), images=True) == 2
    data = json.loads((out / "coco.json").read_text())
    assert [(i["id"], i["file_name"], i["width"], i["height"]) for i in data["images"]] == [
        (1, "a%2Fb.png", 100, 60),
        (2, "s.png", 8, 9),
    ]
    assert Image.open(out / "images" / "a%2Fb.png").size == (100, 60)
    names = {c["id"]: c["name"] for c in data["categories"]}
    found = [
        (a["image_id"], names[a["category_id"]], a["bbox"], a.get("parts"))
        for a in data["annotations"]
    ]
    assert found == [
        (1, "other", [5, 5, 0, 0], ["unlabeled"]),
        (1, "car", [60, 20, 20, 30], ["frame"]),
        (1, "cloud", [10, 10, 20, 0], ["body"]),
        (2, "sun", [0, 0, 8, 9], ["ray", "ray"]),
    ]
    assert [a["id"] for a in data["annotations"]] == [1, 2, 3, 4]
    lines = [line for a in data["annotations"] for line in a["segmentation"]]
    assert lines[1] == [60, 20, 80, 20, 80, 50]
    # Lists of two or four numbers are a point or a box to readers of COCO.
    assert min(map(len, lines)) == 6
    assert lines[2] == [10, 10, 30, 10, 30, 10]


def test_csv_has_a_row_for_each_stroke(mixed, tmp_path) -> None:
    assert export.export(mixed, "csv", str(tmp_path / "out")) == 2
    with (tmp_path / "out" / "strokes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ("sketch_id", "stroke", "part", "instance", "object_category", "points", "x", "y")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("a/b", "0", "body", "", "cloud", "2", "10.0 30.0", "10.0 10.0"),
        ("a/b", "1", "frame", "0", "car", "3", "60.0 80.0 80.0", "20.0 20.0 50.0"),
        ("a/b", "2", "unlabeled", "", "", "1", "5.0", "5.0"),
        ("s", "0", "ray", "", "", "2", "0.0 8.0", "0.0 4.0"),
        ("s", "1", "ray", "", "", "2", "1.0 2.0", "1.0 9.0"),
    ]
    assert (rows[0]["category"], rows[3]["category"], rows[0]["split"]) == ("", "sun", "train")


@pytest.mark.parametrize("form", EXPORTABLE)
def test_strokes_of_several_parts_are_exported(form, tmp_path) -> None:
    pieces = ((Piece(0, "body", 0.9), Piece(2, "tail", 0.8)), None)
    dog = Sketch.from_strokes(
        [[(0, 0), (4, 0), (4, 4), (0, 4)], [(1, 1), (2, 2)]], sketch_id="dog", category="4leg",
        part=("body", "head"), label=("body", "head"), pieces=pieces,
    )  # fmt: skip
    parquet.write_table(str(tmp_path / "in" / "part-0.parquet"), to_table([dog], RESULT_SCHEMA))
    assert export.export(str(tmp_path / "in"), form, str(tmp_path / "out")) == 1
    if form == "svg":
        text = (tmp_path / "out" / "4leg" / "dog.svg").read_text("utf-8")
        assert text.count("<g ") == 1
        assert text.count("data-piece=") == 2
    if form == "csv":
        with (tmp_path / "out" / "strokes.csv").open(newline="") as file:
            assert [row["pieces"] for row in csv.DictReader(file)] == ["0 body; 2 tail", ""]


def test_yolo_has_images_and_boxes_of_the_scenes(mixed, tmp_path) -> None:
    out = tmp_path / "out"
    assert export.export(mixed, "yolo", str(out)) == 1
    (picture,) = out.glob("images/train/*.png")
    boxes = np.loadtxt(out / "labels" / "train" / f"{picture.stem}.txt", ndmin=2)
    assert len(boxes) == 2
    assert "train: images/train" in (out / "data.yaml").read_text()
    # The larger object is 20 × 30 of 100: its sides are in that proportion.
    car = boxes[boxes[:, 4].argmax()]
    assert car[4] / car[3] == pytest.approx(1.5, rel=0.01)
    parquet.write_table(str(tmp_path / "suns" / "part-0.parquet"), to_table([SUN]))
    with pytest.raises(UserError, match="no row has objects"):
        export.export(str(tmp_path / "suns"), "yolo", str(tmp_path / "none"))


@pytest.mark.parametrize("form", EXPORTABLE)
@pytest.mark.parametrize("category", ["other", "scene"])
def test_drawings_without_parts_are_exported_in_every_format(form, category, tmp_path) -> None:
    sketch = Sketch.from_strokes(
        [[(0, 0), (9, 9)], [(4, 4)]], sketch_id="a", category=category, word="teapot",
        category_score=0.6, category_2="car", category_2_score=0.3,
    )  # fmt: skip
    result = tmp_path / "result"
    parquet.write_table(str(result / "part-0.parquet"), to_table([sketch], RESULT_SCHEMA))
    storage.write_json(str(result / "summary.json"), {"taxonomy": DEFAULT.to_dict()})
    assert export.export(str(result), form, str(tmp_path / "out")) == 1
    text = "".join(
        p.read_text("utf-8") for p in sorted((tmp_path / "out").rglob("*")) if p.is_file()
    )
    assert category in text
    if form == "csv":
        (first, _) = list(csv.DictReader(io.StringIO(text)))
        assert (first["category_2"], first["word"], first["part"]) == ("car", "teapot", "")
    if form == "labelstudio":
        (task,) = json.loads((tmp_path / "out" / "tasks.json").read_text("utf-8"))
        assert task["predictions"][0]["score"] == pytest.approx(0.6)
