"""Sketches as SVG: exact points, labels, colours, escaping, size."""

import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.core.sketch import LARGEST_COORDINATE, Sketch
from instancesketch.core.stroke_labels import Piece
from instancesketch.render.colours import GREY, object_colours, part_colours
from instancesketch.render.inks import stroke_names
from instancesketch.render.svg import to_svg

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</script><script>alert("1")</script>&amp;\'\x00\x1b\ud800\n]]>é'


def read(svg: str) -> tuple[ET.Element, list[ET.Element]]:
    """Return the root of a picture and its strokes."""
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    return root, root.findall(f"{SVG}polyline")


def points_of(element: ET.Element) -> np.ndarray:
    """Return the points of a stroke, (points, 2); one for a dot."""
    pairs = [pair.split(",") for pair in element.attrib["points"].split()]
    points = np.array(pairs, np.float64).astype(np.float32)
    if "data-dot" not in element.attrib:
        return points
    assert len(points) == 2
    assert (points[0] == points[1]).all()
    return points[:1]


def view_box(svg: str) -> list[float]:
    return [float(v) for v in read(svg)[0].attrib["viewBox"].split()]


coordinates = st.floats(-LARGEST_COORDINATE, LARGEST_COORDINATE, width=32)
strokes = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=5)


@given(st.lists(strokes, min_size=1, max_size=4))
def test_points_read_back_are_the_same_float32(drawing):
    sketch = Sketch.from_strokes(drawing, sketch_id="a")
    svg = to_svg(sketch)
    assert "transform" not in svg
    read_back = [points_of(e) for e in read(svg)[1]]
    assert len(read_back) == len(drawing)
    for written, read_points in zip(sketch.to_strokes(), read_back, strict=True):
        assert np.array_equal(written, read_points)


@given(st.lists(strokes, min_size=1, max_size=4), st.integers(50, 2000))
def test_rounding_stays_below_one_in_resolution(drawing, resolution):
    sketch = Sketch.from_strokes(drawing, sketch_id="a")
    svg = to_svg(sketch, resolution=resolution)
    side = max(view_box(svg)[2:])
    rounded = np.concatenate([points_of(e) for e in read(svg)[1]])
    written = np.stack([sketch.x, sketch.y], axis=1)
    # Half a step, and the precision of float32.
    allowed = 0.5 * side / resolution + 1e-6 * np.abs(written) + 1e-30
    assert (np.abs(rounded.astype(np.float64) - written) <= allowed).all()


@given(st.lists(strokes, min_size=1, max_size=4))
def test_view_box_contains_the_whole_drawing(drawing):
    sketch = Sketch.from_strokes(drawing, sketch_id="a")
    left, top, width, height = view_box(to_svg(sketch))
    slack = 1e-6 * (abs(left) + abs(top) + width + height)
    assert width > 0
    assert height > 0
    assert left <= sketch.x.min() + slack
    assert top <= sketch.y.min() + slack
    assert sketch.x.max() <= left + width + slack
    assert sketch.y.max() <= top + height + slack


def test_dot_is_drawn_with_a_visible_width():
    svg = to_svg(Sketch.from_strokes([[(5, 5)]], sketch_id="dot"))
    root, (dot,) = read(svg)
    assert dot.attrib["points"] == "5,5 5,5"
    assert root.attrib["stroke-linecap"] == "round"
    share = float(root.attrib["stroke-width"]) / view_box(svg)[2]
    assert 0.005 < share < 0.05


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_stroke_width_is_proportional_to_the_drawing(scale):
    svg = to_svg(Sketch.from_strokes([[(0, 0), (scale, scale / 2)]], sketch_id="a"))
    share = float(read(svg)[0].attrib["stroke-width"]) / view_box(svg)[2]
    assert share == pytest.approx(0.014, rel=0.01)


def test_labels_are_stored_as_attributes_and_titles():
    sketch = Sketch.from_strokes(
        [[(0, 0), (1, 1)], [(2, 2), (3, 3)], [(4, 4)]],
        sketch_id="a",
        source="somewhere",
        category="4leg",
        part=("front-leg", "body", "unlabeled"),
        label=("front-left-leg", "body", "unlabeled"),
        instance=(1, None, None),
        object=(1, 1, -1),
        object_category=(None, "4leg"),
        part_score=(0.934, 0.5, 0.2),
        width=800.0,
        height=600.0,
    )
    root, elements = read(to_svg(sketch))
    assert root.attrib["data-id"] == "a"
    assert root.attrib["data-source"] == "somewhere"
    assert root.attrib["data-category"] == "4leg"
    assert root.attrib["viewBox"] == "0 0 800 600"
    assert json.loads(root.attrib["data-object-category"]) == [None, "4leg"]
    assert "data-split" not in root.attrib
    data = [{k: v for k, v in e.attrib.items() if k.startswith("data-")} for e in elements]
    leg = {"part": "front-leg", "label": "front-left-leg", "instance": "1", "object": "1"}
    assert data[0] == {f"data-{name}": value for name, value in leg.items()}
    assert "data-instance" not in data[1]
    assert data[2]["data-object"] == "-1"
    titles = [e.findtext(f"{SVG}title") for e in elements]
    assert titles == ["front left leg (4leg) 93 %", "body (4leg) 50 %", "unlabeled 20 %"]


@pytest.mark.parametrize("width", [float("nan"), float("inf"), 0.0, -5.0, None])
def test_invalid_canvas_is_ignored(width):
    sketch = Sketch.from_strokes(
        [[(0, 0), (1, 1)]], sketch_id="a", width=width, height=9.0, object=(-1,), object_category=()
    )
    assert view_box(to_svg(sketch, resolution=100))[2] == pytest.approx(1.08)


def test_unlabelled_drawing_has_no_labels_in_its_picture():
    _, (stroke,) = read(to_svg(Sketch.from_strokes([[(0, 0), (1, 1)]], sketch_id="a")))
    assert stroke.attrib == {"points": "0,0 1,1", "stroke": GREY}
    assert len(stroke) == 0


def test_hostile_names_are_escaped():
    sketch = Sketch.from_strokes(
        [[(0, 0), (1, 1)]],
        sketch_id=HOSTILE,
        category=HOSTILE,
        part=(HOSTILE,),
        label=(HOSTILE,),
        object=(0,),
        object_category=(HOSTILE,),
    )
    svg = to_svg(sketch, colours={HOSTILE: '"><b>'})
    svg.encode()
    assert "<script" not in svg
    root, (stroke,) = read(svg)
    readable = HOSTILE.translate(dict.fromkeys((0, 0x1B, 0xD800), "\ufffd"))
    assert root.attrib["data-id"] == readable
    assert stroke.attrib["data-label"] == readable
    assert stroke.attrib["stroke"] == '"><b>'
    assert {e.tag for e in root.iter()} == {SVG + t for t in ("svg", "polyline", "title")}


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("part", ["leg", "leg", "body"]),
        ("label", ["left-leg", "leg", "body"]),
        ("object", ["dog 1", "unlabeled", "object 2"]),
    ],
)
def test_strokes_are_coloured_by_part_label_or_object(by, names):
    sketch = Sketch.from_strokes(
        [[(0, 0), (1, 1)]] * 3,
        sketch_id="a",
        part=("leg", "leg", "body"),
        label=("left-leg", "leg", "body"),
        instance=(1, 0, None),
        object=(0, -1, 1),
        object_category=("dog", None),
    )
    assert stroke_names(sketch, by) == names
    _, elements = read(to_svg(sketch, by=by))
    colours = [e.attrib["stroke"] for e in elements]
    assert len(set(colours)) == len(set(names))
    assert (GREY in colours) == ("unlabeled" in names)


def test_instances_have_shades_of_their_part_and_others_recede():
    sketch = Sketch.from_strokes(
        [[(0, 0), (100, 100)]] * 5,
        sketch_id="a",
        part=("leg", "leg", "leg", "leg", "body"),
        instance=(1, 2, 3, 0, None),
    )
    _, strokes = read(to_svg(sketch, by="instance", colours={"leg": "#0072b2", "body": "#b41e00"}))
    inks = [
        [e.attrib.get(f"stroke{name}") for name in ("", "-dasharray", "-opacity")] for e in strokes
    ]
    one, two, three, several, body = inks
    assert len({tuple(ink) for ink in inks}) == 5
    assert one[0] == three[0] != two[0]
    assert one[1] is two[1] is several[1] is body[1] is None
    assert three[1] is not None
    assert several[0] == "#0072b2"
    assert body[0] == GREY
    assert one[2] is two[2] is three[2] is None
    assert 0 < float(several[2] or 0) < 1


def test_strokes_without_instances_are_grey():
    sketch = Sketch.from_strokes([[(0, 0), (1, 1)]], sketch_id="a", part=("leg",))
    (stroke,) = read(to_svg(sketch, by="instance"))[1]
    assert stroke.attrib["stroke"] == GREY


def test_objects_of_one_category_differ_in_colour():
    sketch = Sketch.from_strokes(
        [[(9 * i, 0), (9 * i, 9)] for i in range(12)],
        sketch_id="a",
        object=(*range(11), -1),
        object_category=("bird",) * 11,
    )
    _, strokes = read(to_svg(sketch, by="object"))
    assert [e.attrib["stroke"] for e in strokes] == [*object_colours(sketch), GREY]


@pytest.mark.parametrize("width", [500.0, None])
def test_scene_fills_the_picture_without_its_canvas(width):
    sketch = Sketch.from_strokes(
        [[(200, 200), (300, 250)]],
        sketch_id="a",
        width=width,
        height=width,
        object=(0,),
        object_category=("car",),
    )
    svg = to_svg(sketch, on_canvas=False)
    assert view_box(svg) == [196, 196, 108, 58]
    assert float(read(svg)[0].attrib["stroke-width"]) == pytest.approx(0.54)
    if width is not None:
        assert view_box(to_svg(sketch)) == [0, 0, 500, 500]


def test_dashes_are_proportional_to_the_stroke_width():
    def dash(scale):
        sketch = Sketch.from_strokes(
            [[(0, 0), (scale, scale)]], sketch_id="a", part=("leg",), instance=(3,)
        )
        root, (stroke,) = read(to_svg(sketch, by="instance"))
        width = float(root.attrib["stroke-width"])
        return [float(v) / width for v in stroke.attrib["stroke-dasharray"].split()]

    assert dash(1e-4) == pytest.approx(dash(1e5), rel=0.02)


def test_unknown_colouring_raises():
    with pytest.raises(ValueError, match="not 'x'"):
        to_svg(Sketch.from_strokes([[(0, 0)]], sketch_id="a"), by="x")


@pytest.mark.parametrize(
    ("right", "bottom", "width", "height"), [(100, 50, "300", "162"), (50, 100, "162", "300")]
)
def test_size_is_the_larger_side_in_pixels(right, bottom, width, height):
    root, _ = read(
        to_svg(Sketch.from_strokes([[(0, 0), (right, bottom)]], sketch_id="a"), size=300)
    )
    assert abs(float(root.attrib["width"]) - float(width)) <= 5
    assert abs(float(root.attrib["height"]) - float(height)) <= 5
    assert max(float(root.attrib["width"]), float(root.attrib["height"])) == 300


def test_tooltips_have_the_second_guess() -> None:
    sketch = Sketch.from_strokes(
        [[(0, 0), (9, 9)]] * 3, part=("head",) * 3, part_score=(0.7, 0.99, 0.6),
        part_2=("body", "tail", None), part_2_score=(0.25, 0.004, None),
    )  # fmt: skip
    titles = re.findall("<title>(.*?)</title>", to_svg(sketch))
    assert titles == ["head 70 %, or body 25 %", "head 99 %", "head 60 %"]


MIXED = Sketch.from_strokes(
    [[(0, 0), (4, 0), (4, 4), (0, 4)], [(1, 1), (2, 2)]], sketch_id="dog", part=("body", "head"),
    label=("body", "head"), part_score=(0.8, 0.9), instance=(None, None),
    pieces=((Piece(0, "body", 0.9), Piece(1, "tail", 0.7), Piece(2, "body", 0.8)), None),
)  # fmt: skip


def test_a_stroke_of_several_parts_is_a_line_for_each_piece() -> None:
    root, (head,) = read(to_svg(MIXED))
    (group,) = root.findall(f"{SVG}g")
    assert group.attrib == {"data-part": "body", "data-label": "body"}
    assert [title.text for title in group.iter(f"{SVG}title")] == ["body 80 %, over body and tail"]
    colours = part_colours(["body", "head", "tail"])
    lines = [e.attrib for e in group.findall(f"{SVG}polyline")]
    assert [line["stroke"] for line in lines] == [colours[p] for p in ("body", "tail", "body")]
    assert [line["data-piece"] for line in lines] == ["body", "tail", "body"]
    assert [line["data-start"] for line in lines] == ["0", "1", "2"]
    assert [line["points"] for line in lines] == ["0,0 4,0", "4,0 4,4", "4,4 0,4"]
    assert head.attrib["stroke"] == colours["head"]


@pytest.mark.parametrize("by", ["part", "label", "instance", "object"])
def test_without_pieces_of_any_stroke_the_picture_is_the_same(by) -> None:
    whole = to_svg(MIXED.replace(pieces=None), by=by)
    assert to_svg(MIXED.replace(pieces=(None, None)), by=by) == whole
    tooltip = ", over body and tail"
    assert (to_svg(MIXED, by=by).replace(tooltip, "") == whole) == (by != "part")


def test_pieces_of_a_part_without_a_given_colour_are_grey() -> None:
    _, (head,) = read(to_svg(MIXED, colours={"head": "#123456"}))
    assert head.attrib["stroke"] == "#123456"
    group = ET.fromstring(to_svg(MIXED, colours={"tail": "#abcdef"})).find(f"{SVG}g")
    assert [line.attrib["stroke"] for line in group.iter(f"{SVG}polyline")] == [
        GREY, "#abcdef", GREY,
    ]  # fmt: skip
