import itertools
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.sketch import LARGEST_COORDINATE, Sketch
from instancesketch.svg import COLOURS, GREY, instance_ink, palette, stroke_names, to_svg
from instancesketch.taxonomy import Taxonomy

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</script><script>alert("1")</script>&amp;\'\x00\x1b\ud800\n]]>é'


def read(svg: str) -> tuple[ET.Element, list[ET.Element]]:
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    return root, root.findall(f"{SVG}polyline")


def points_of(element: ET.Element) -> np.ndarray:
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
    for written, found in zip(sketch.to_strokes(), read_back, strict=True):
        assert np.array_equal(written, found)


@given(st.lists(strokes, min_size=1, max_size=4), st.integers(50, 2000))
def test_rounding_stays_below_one_in_resolution(drawing, resolution):
    sketch = Sketch.from_strokes(drawing, sketch_id="a")
    svg = to_svg(sketch, resolution=resolution)
    side = max(view_box(svg)[2:])
    found = np.concatenate([points_of(e) for e in read(svg)[1]])
    written = np.stack([sketch.x, sketch.y], axis=1)
    # Half a step, and what float32 itself can't tell apart.
    allowed = 0.5 * side / resolution + 1e-6 * np.abs(written) + 1e-30
    assert (np.abs(found.astype(np.float64) - written) <= allowed).all()


@given(st.lists(strokes, min_size=1, max_size=4))
def test_all_of_the_drawing_is_in_the_picture(drawing):
    sketch = Sketch.from_strokes(drawing, sketch_id="a")
    left, top, width, height = view_box(to_svg(sketch))
    slack = 1e-6 * (abs(left) + abs(top) + width + height)
    assert width > 0
    assert height > 0
    assert left <= sketch.x.min() + slack
    assert top <= sketch.y.min() + slack
    assert sketch.x.max() <= left + width + slack
    assert sketch.y.max() <= top + height + slack


def test_a_dot_is_drawn_with_a_width_that_shows():
    svg = to_svg(Sketch.from_strokes([[(5, 5)]], sketch_id="dot"))
    root, (dot,) = read(svg)
    assert dot.attrib["points"] == "5,5 5,5"
    assert root.attrib["stroke-linecap"] == "round"
    share = float(root.attrib["stroke-width"]) / view_box(svg)[2]
    assert 0.005 < share < 0.05


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_stroke_width_goes_with_the_size_of_the_drawing(scale):
    svg = to_svg(Sketch.from_strokes([[(0, 0), (scale, scale / 2)]], sketch_id="a"))
    share = float(read(svg)[0].attrib["stroke-width"]) / view_box(svg)[2]
    assert share == pytest.approx(0.014, rel=0.01)


def test_what_is_known_of_a_stroke_stands_beside_it():
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
    told = [{k: v for k, v in e.attrib.items() if k.startswith("data-")} for e in elements]
    leg = {"part": "front-leg", "label": "front-left-leg", "instance": "1", "object": "1"}
    assert told[0] == {f"data-{name}": value for name, value in leg.items()}
    assert "data-instance" not in told[1]
    assert told[2]["data-object"] == "-1"
    titles = [e.findtext(f"{SVG}title") for e in elements]
    assert titles == ["front-left-leg 1 (4leg) 93 %", "body (4leg) 50 %", "unlabeled 20 %"]


@pytest.mark.parametrize("width", [float("nan"), float("inf"), 0.0, -5.0, None])
def test_a_canvas_that_is_none_is_not_used(width):
    sketch = Sketch.from_strokes(
        [[(0, 0), (1, 1)]], sketch_id="a", width=width, height=9.0, object=(-1,), object_category=()
    )
    assert view_box(to_svg(sketch, resolution=100))[2] == pytest.approx(1.08)


def test_nothing_is_claimed_of_an_unlabelled_drawing():
    _, (stroke,) = read(to_svg(Sketch.from_strokes([[(0, 0), (1, 1)]], sketch_id="a")))
    assert stroke.attrib == {"points": "0,0 1,1", "stroke": GREY}
    assert len(stroke) == 0


def test_hostile_words_stay_words():
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
        ("object", ["dog 0", "unlabeled", "object 1"]),
    ],
)
def test_strokes_are_coloured_by_any_of_their_names(by, names):
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


def test_instances_of_a_part_have_shades_of_its_colour_and_others_stay_behind():
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


def test_without_instances_nothing_is_told_apart():
    sketch = Sketch.from_strokes([[(0, 0), (1, 1)]], sketch_id="a", part=("leg",))
    (stroke,) = read(to_svg(sketch, by="instance"))[1]
    assert stroke.attrib["stroke"] == GREY


def test_dashes_go_with_the_width_of_the_line():
    def dash(scale):
        sketch = Sketch.from_strokes(
            [[(0, 0), (scale, scale)]], sketch_id="a", part=("leg",), instance=(3,)
        )
        root, (stroke,) = read(to_svg(sketch, by="instance"))
        width = float(root.attrib["stroke-width"])
        return [float(v) / width for v in stroke.attrib["stroke-dasharray"].split()]

    assert dash(1e-4) == pytest.approx(dash(1e5), rel=0.02)


@pytest.mark.parametrize("colour", [*COLOURS, GREY, "#000000", "#ffffff"])
def test_neighbours_in_number_look_different(colour):
    inks = [instance_ink(colour, n) for n in range(1, 40)]
    assert len(set(inks)) == 6
    lightness = oklab(linear([ink.colour for ink in inks[:2]]))[:, 0]
    assert lightness[1] - lightness[0] > 0.25
    weights = np.array([0.2126, 0.7152, 0.0722])
    for paper in ("#ffffff", "#1b1d22"):
        light = linear([ink.colour for ink in inks[:2]]) @ weights + 0.05
        behind = linear([paper]) @ weights + 0.05
        assert np.maximum(light / behind, behind / light).min() > 2


def test_strokes_are_coloured_by_nothing_else():
    with pytest.raises(ValueError, match="not 'x'"):
        to_svg(Sketch.from_strokes([[(0, 0)]], sketch_id="a"), by="x")


@pytest.mark.parametrize(
    ("right", "bottom", "width", "height"), [(100, 50, "300", "162"), (50, 100, "162", "300")]
)
def test_size_is_that_of_the_larger_side(right, bottom, width, height):
    root, _ = read(
        to_svg(Sketch.from_strokes([[(0, 0), (right, bottom)]], sketch_id="a"), size=300)
    )
    assert abs(float(root.attrib["width"]) - float(width)) <= 5
    assert abs(float(root.attrib["height"]) - float(height)) <= 5
    assert max(float(root.attrib["width"]), float(root.attrib["height"])) == 300


# How people without red, green or blue receptors see linear RGB (Machado, Oliveira and Fernandes
# 2009, severity 1).
EYES = {
    "usual": np.eye(3),
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colours) -> np.ndarray:
    rgb = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson's OKLab: distances go with what is seen as different."""
    lms = (
        rgb
        @ np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        ).T
    )
    return (
        np.cbrt(lms)
        @ np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        ).T
    )


@pytest.mark.parametrize("eye", EYES)
def test_the_eight_first_colours_and_grey_look_different(eye):
    seen = oklab(np.clip(linear([GREY, *COLOURS[:8]]) @ np.array(EYES[eye]).T, 0, 1))
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
    assert nearest > (0.1 if eye == "usual" else 0.05)


@pytest.mark.parametrize("paper", ["#ffffff", "#1b1d22"])
def test_every_colour_shows_on_light_and_dark_paper(paper):
    weights = np.array([0.2126, 0.7152, 0.0722])
    light = linear([GREY, *COLOURS]) @ weights + 0.05
    behind = linear([paper]) @ weights + 0.05
    assert np.maximum(light / behind, behind / light).min() > 2


@pytest.mark.parametrize("name", ["doodle7", "spg20"])
def test_parts_of_a_category_differ_in_colour(name):
    categories = Taxonomy.load(name).categories.values()
    colours = palette(*(c.parts for c in categories))
    for category in categories:
        assert len({colours[p] for p in category.parts}) == len(category.parts)
    assert colours["unlabeled"] == GREY
    assert colours == palette(*(c.parts for c in categories))


def test_more_parts_than_colours_share_them_evenly():
    colours = palette([f"part {i}" for i in range(2 * len(COLOURS))])
    used = [c for part, c in colours.items() if part != "unlabeled"]
    assert all(used.count(c) == 2 for c in COLOURS)
