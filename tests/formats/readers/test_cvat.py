import json
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.formats import Record, Rejection, write
from tests.formats.conftest import read_file
from tests.formats.strategies import DOODLE7

WRAP = "<annotations><version>1.1</version><meta><x/></meta>{}</annotations>"
LINE = '<polyline label="{}" occluded="0" points="{}"{}/>'


def image(name: str, *lines: str, size: str = 'width="9" height="8"') -> str:
    return f'<image id="0" name="{name}" {size}>{"".join(lines)}</image>'


def leg(group: str = "") -> str:
    return LINE.format("front-paw", "0,0;1.5,-2e-1", group)


def read_xml(read_bytes, *images: str, **options):
    return read_bytes(WRAP.format("".join(images)).encode(), "4leg/a.xml", **options)


def test_an_image_is_a_drawing(read_bytes):
    (record,) = read_xml(
        read_bytes, image("dir/sub\\qd-1.v2.png", leg(' group_id="2"'), leg(), leg(' group_id="0"'))
    )
    sketch = record.sketch
    assert sketch.sketch_id == "qd-1.v2"
    assert (sketch.category, sketch.width, sketch.height) == ("4leg", 9, 8)
    assert sketch.part == sketch.label == ("front-leg",) * 3
    assert sketch.instance == (2, 0, 0)
    assert sketch.x.tolist()[:2] == [0, 1.5]


def test_without_labels_and_groups_there_are_none(read_bytes):
    (record,) = read_xml(read_bytes, image("a", '<polyline points="1,1"/>'))
    assert (record.sketch.label, record.sketch.instance) == (None, None)


def test_tags_and_their_attributes_are_passed_over(read_bytes):
    tag = '<tag label="x"><attribute name="category">sun</attribute></tag>'
    (record,) = read_xml(read_bytes, image("a", leg(), tag))
    assert record.sketch.category == "4leg"


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        (LINE.format("head", "1,1", ' group_id="-1"'), "group_id '-1'"),
        (LINE.format("head", "1,1", ' group_id="1_0"'), "group_id '1_0'"),
        (LINE.format("head", "1,1;", ""), "not x,y"),
        (LINE.format("head", "1,1;2", ""), "not x,y"),
        (LINE.format("head", "1,1;nan,2", ""), "not x,y"),
        (LINE.format("head", "1,1;1e,2", ""), "not all numbers"),
        (LINE.format("head", "", ""), "no points"),
        (LINE.format("hed", "1,1", ""), "unknown label 'hed'"),
        ("", "no strokes"),
        ('<polygon label="head" points="1,1;2,2;3,3"/>', "has a <polygon>"),
        ("<image/>", "an image within"),
    ],
)
def test_a_bad_image_is_rejected_by_name_between_good_ones(read_bytes, inside, reason):
    good, bad, last = (
        read_xml(
            read_bytes,
            image("g1.png", leg()),
            image("bad.png", leg(), inside),
            image("g2.png", leg()),
        )
        if inside
        else read_xml(read_bytes, image("g1.png", leg()), image("bad.png"), image("g2.png", leg()))
    )
    assert isinstance(good, Record)
    assert isinstance(last, Record)
    assert isinstance(bad, Rejection)
    assert bad.position == "image 2 'bad.png'"
    assert reason in bad.reason


@pytest.mark.parametrize("size", ['width="x"', 'width="-1"', 'width="nan"', 'height="1e400"'])
def test_sizes_that_are_none(read_bytes, size):
    (bad,) = read_xml(read_bytes, image("a", leg(), size=size))
    assert isinstance(bad, Rejection)


def test_a_large_image_is_rejected_and_the_rest_goes_on(read_bytes):
    large = image("l.png", *[leg()] * 200)
    first, bad, last = read_xml(
        read_bytes, image("a", leg()), large, image("b", leg()), max_record_bytes=5_000
    )
    assert "more than" in bad.reason
    assert "'l.png'" in bad.position
    assert (first.sketch.sketch_id, last.sketch.sketch_id) == ("a", "b")


def test_memory_and_time_stay_with_the_image_not_the_file(tmp_path):
    sketch = Sketch.from_strokes([[[0, 0], [1, 1]]], sketch_id="x", category="car")
    write((sketch.replace(sketch_id=f"x{i}") for i in range(2_000)), "cvat", str(tmp_path))
    found = read_file(tmp_path / "annotations.xml")
    assert [r.sketch.sketch_id for r in found] == [f"x{i}" for i in range(2_000)]


@pytest.mark.parametrize("identity", ["a/b", "..", "tab\tand\x07bell", "dot.png", "Ü ü", "x" * 999])
def test_any_id_reads_back(tmp_path, identity):
    sketch = Sketch.from_strokes([[[0, 0]]], sketch_id=identity, category="car")
    write([sketch], "cvat", str(tmp_path))
    (record,) = read_file(tmp_path / "annotations.xml")
    assert record.sketch == sketch


def test_cvat_finds_what_its_importer_asks_for(tmp_path):
    """Its loader takes `label`, `points`, `occluded` by name and `group_id`, `z_order` as int."""
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
    # Attributes of the image stand before its shapes: the loader gives later ones to no shape.
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
    """What CVAT keeps of an import: labels and attributes of its task, groups, two decimals.

    As its `load_anno` and `dump_as_cvat_annotation` do it.
    """
    spec = {s["name"]: s for s in json.loads((folder / "cvat-labels.json").read_text())}
    root = ElementTree.parse(folder / "annotations.xml").getroot()
    for image in root.iter("image"):
        shapes = [e for e in image if e.tag != "attribute"]
        for child in list(image):
            image.remove(child)
        for shape in sorted(shapes, key=lambda e: e.tag):  # tags come last
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
def test_what_comes_back_from_cvat(tmp_path, sketch):
    write([sketch, SPIDER.replace(sketch_id="again")], "cvat", str(tmp_path))
    through_cvat(tmp_path)
    record, other = read_file(tmp_path / "annotations.xml")
    back = record.sketch
    assert back.x.tolist() == pytest.approx([round(x, 2) for x in sketch.x.tolist()])
    size = {"width": back.width, "height": back.height}  # an image has one
    assert back.replace(x=sketch.x, y=sketch.y) == sketch.replace(**size)
    assert other.sketch.label == SPIDER.label


def test_what_is_corrected_in_cvat_is_corrected(tmp_path):
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


def test_an_unlabelled_drawing_comes_back_with_the_labels_that_it_was_given(tmp_path):
    def correct(image):
        next(image.iter("polyline")).attrib["label"] = "body"

    bare = SPIDER.replace(part=None, label=None, instance=None)
    write([bare], "cvat", str(tmp_path), taxonomy=DOODLE7)
    through_cvat(tmp_path, correct)
    (record,) = read_file(tmp_path / "annotations.xml")
    assert record.sketch.part == ("body", "unlabeled", "unlabeled", "unlabeled")


def test_cvat_gets_its_images(tmp_path):
    sketch = SPIDER.replace(x=SPIDER.x * 10, y=SPIDER.y * 10)
    write([sketch], "cvat", str(tmp_path), images=True)
    root = ElementTree.parse(tmp_path / "annotations.xml").getroot()
    (image,) = root.iter("image")
    with Image.open(tmp_path / "images" / image.attrib["name"]) as picture:
        assert picture.size == tuple(int(image.attrib[k]) for k in ("width", "height"))
        dark = np.asarray(picture) < 200
    assert dark[50, 50]  # the dot
    assert dark[1, 20:90].all()
    assert not dark[60:, 30:70].any()
    far = SPIDER.replace(width=10_000.0)
    with pytest.raises(UserError, match="too large"):
        write([far], "cvat", str(tmp_path / "far"), images=True)
