import json
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from instancesketch.core.sketch import Sketch
from instancesketch.formats import write
from instancesketch.render.colours import palette
from tests.formats.conftest import read_file
from tests.formats.strategies import DOODLE7


@pytest.mark.parametrize("identity", ["a/b", "..", "tab\tand\x07bell", "dot.png", "Ü ü", "x" * 999])
def test_any_id_reads_back(tmp_path, identity):
    sketch = Sketch.from_strokes([[[0, 0]]], sketch_id=identity, category="car")
    write([sketch], "cvat", str(tmp_path))
    (record,) = read_file(tmp_path / "annotations.xml")
    assert record.sketch == sketch


def test_the_file_has_the_attributes_that_the_cvat_importer_needs(tmp_path):
    """Check the attributes that CVAT reads by name, and integer `group_id` and `z_order`."""
    sketch = Sketch.from_strokes([[[0, 0], [1, 1]]] * 2, sketch_id="x", category="sun").replace(
        part=("ray", "center"), label=("ray", "center"), instance=(4, None)
    )
    write([sketch], "cvat", str(tmp_path))
    (found,) = ElementTree.parse(tmp_path / "annotations.xml").getroot().iter("image")
    assert found.attrib["name"] == "x.png"
    assert int(found.attrib["width"]) >= 1
    lines = list(found.iter("polyline"))
    assert [int(p.attrib.get("group_id", 0)) for p in lines] == [4, 0]
    for p in lines:
        assert {"label", "points", "occluded", "z_order"} <= set(p.attrib)
    # Attributes and tags of an image precede its shapes: CVAT's loader ignores later ones.
    tags = [child.tag for child in found]
    assert tags == ["attribute", "tag", "polyline", "polyline"]


SPIDER = Sketch.from_strokes(
    [[(0, 0), (10.126, 0)], [(2, 0), (2, 9)], [(8, 0), (8, 9)], [(5, 5)]],
    sketch_id="a/b",
    category="4leg",
    source="mine",
    split="valid",
    part=("body", "front-leg", "front-leg", "unlabeled"),
    label=("body", "front-left-leg", "front-right-leg", "unlabeled"),
    instance=(None, 1, 2, None),
)
SPIDERS = SPIDER.replace(category=None, object=(0, 0, 0, -1), object_category=("4leg", None))


def through_cvat(folder, correct=lambda image: None) -> None:
    """Rewrite the file as CVAT's `load_anno` and `dump_as_cvat_annotation` do.

    They keep labels and attributes of the task, groups, and two decimals.
    """
    spec = {s["name"]: s for s in json.loads((folder / "cvat-labels.json").read_text())}
    root = ElementTree.parse(folder / "annotations.xml").getroot()
    for image in root.iter("image"):
        shapes = [e for e in image if e.tag != "attribute"]
        for child in list(image):
            image.remove(child)
        for shape in sorted(shapes, key=lambda e: e.tag):  # CVAT writes tags last
            kept = spec[shape.attrib["label"]]
            assert kept["type"] == shape.tag
            given = {a.attrib["name"]: a.text or "" for a in shape}
            for child in list(shape):
                shape.remove(child)
            for a in kept["attributes"]:
                value = ElementTree.SubElement(shape, "attribute", name=a["name"])
                value.text = given.get(a["name"], a["default_value"])
            if shape.attrib.get("group_id") == "0":
                del shape.attrib["group_id"]
            if shape.tag == "polyline":
                pairs = [p.split(",") for p in shape.attrib["points"].split(";")]
                shape.attrib["points"] = ";".join(
                    f"{float(x):.2f},{float(y):.2f}" for x, y in pairs
                )
            image.append(shape)
        correct(image)
    ElementTree.ElementTree(root).write(folder / "annotations.xml")


@pytest.mark.parametrize("sketch", [SPIDER, SPIDERS], ids=["drawing", "scene"])
def test_a_sketch_survives_an_import_into_cvat(tmp_path, sketch):
    write([sketch, SPIDER.replace(sketch_id="again")], "cvat", str(tmp_path))
    through_cvat(tmp_path)
    record, other = read_file(tmp_path / "annotations.xml")
    back = record.sketch
    assert back.x.tolist() == pytest.approx([round(x, 2) for x in sketch.x.tolist()])
    size = {"width": back.width, "height": back.height}  # images in CVAT have a size
    assert back.replace(x=sketch.x, y=sketch.y) == sketch.replace(**size)
    assert other.sketch.label == SPIDER.label


def test_corrections_made_in_cvat_are_read(tmp_path):
    def correct(image):
        body, leg, *_ = image.iter("polyline")
        body.attrib["label"] = "tail"
        leg.attrib["group_id"] = "7"
        next(a for a in image.iter("attribute") if a.attrib["name"] == "category").text = "2leg"

    write([SPIDER], "cvat", str(tmp_path), taxonomy=DOODLE7)
    through_cvat(tmp_path, correct)
    (record,) = read_file(tmp_path / "annotations.xml")
    assert record.sketch.category == "2leg"
    assert record.sketch.label == ("tail", "front-left-leg", "front-right-leg", "unlabeled")
    assert record.sketch.instance == (None, 7, 2, None)


def test_labels_given_in_cvat_to_an_unlabelled_sketch_are_read(tmp_path):
    def correct(image):
        next(image.iter("polyline")).attrib["label"] = "body"

    bare = SPIDER.replace(part=None, label=None, instance=None)
    write([bare], "cvat", str(tmp_path), taxonomy=DOODLE7)
    through_cvat(tmp_path, correct)
    (record,) = read_file(tmp_path / "annotations.xml")
    assert record.sketch.part == ("body", "unlabeled", "unlabeled", "unlabeled")


def test_images_are_large_enough_to_work_on(tmp_path):
    for name, factor in (("small", 0.01), ("large", 100)):
        sketch = SPIDER.replace(x=SPIDER.x * factor, y=SPIDER.y * factor)
        write([sketch], "cvat", str(tmp_path / name), images=True)
        root = ElementTree.parse(tmp_path / name / "annotations.xml").getroot()
        (image,) = root.iter("image")
        with Image.open(tmp_path / name / "images" / image.attrib["name"]) as picture:
            assert picture.size == tuple(int(image.attrib[k]) for k in ("width", "height"))
            assert max(picture.size) == 1_000
            grey = np.asarray(picture)
        assert len(np.unique(grey)) > 5  # edges are smooth
        border = np.concatenate([grey[:20].ravel(), grey[:, :20].ravel(), grey[-20:].ravel()])
        assert border.min() == 255
        points = [p.attrib["points"].split(";") for p in image.iter("polyline")]
        for x, y in (map(float, pair.split(",")) for line in points for pair in line):
            assert grey[round(y), round(x)] < 200  # every point lies on ink
        assert (grey < 200).mean() < 0.05


@pytest.mark.parametrize("sketch", [SPIDER, SPIDERS], ids=["drawing", "scene"])
@pytest.mark.parametrize("factor", [0.001, 1, 1_000])
def test_drawings_keep_their_own_unit_through_cvat_with_images(tmp_path, sketch, factor):
    sketch = sketch.replace(x=sketch.x * factor, y=sketch.y * factor - 3 * factor)
    write([sketch], "cvat", str(tmp_path), images=True)
    through_cvat(tmp_path)
    (record,) = read_file(tmp_path / "annotations.xml")
    back = record.sketch
    # CVAT keeps hundredths of a pixel, of a thousand.
    np.testing.assert_allclose(back.x, sketch.x, atol=2e-5 * 11 * factor)
    np.testing.assert_allclose(back.y, sketch.y, atol=2e-5 * 11 * factor)
    assert back.replace(x=sketch.x, y=sketch.y) == sketch


def test_a_placement_that_is_none_rejects_the_drawing(tmp_path):
    def correct(image):
        next(a for a in image.iter("attribute") if a.attrib["name"] == "placement").text = "[0,1,2]"

    write([SPIDER], "cvat", str(tmp_path), images=True)
    through_cvat(tmp_path, correct)
    (rejection,) = read_file(tmp_path / "annotations.xml")
    assert "is not the place of a drawing in an image" in rejection.reason


def test_labels_have_the_colours_of_reports(tmp_path):
    write([SPIDER], "cvat", str(tmp_path), taxonomy=DOODLE7)
    labels = json.loads((tmp_path / "cvat-labels.json").read_text())
    colours = {spec["name"]: spec.get("color") for spec in labels}
    expected = palette(*(c.parts for c in DOODLE7.categories.values()))
    assert colours["front-left-leg"] == colours["front-leg"] == expected["front-leg"]
    assert expected.items() <= colours.items()
