"""Files of Excalidraw, tldraw, InkML and Xournal++ against the points that they were made from."""

import gzip
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.formats import Record, Rejection
from tests.formats.conftest import read_file
from tests.formats.ink_files import (
    HOOK,
    SAMPLES,
    WAVE,
    draw_shape,
    element,
    excalidraw,
    freedraw,
    inkml,
    page,
    pen_stroke,
    shape,
    tldraw,
    trace,
    xopp,
)


def moved(points, x, y):
    return [(px + x, py + y) for px, py in points]


def turned(points, angle, centre):
    """Return points turned clockwise, as seen with y down, around a centre."""
    c, s = math.cos(angle), math.sin(angle)
    a, b = centre
    return [(a + c * (x - a) - s * (y - b), b + s * (x - a) + c * (y - b)) for x, y in points]


def check(record, *strokes, atol=0.01):
    """Check that a drawing has these strokes, in order."""
    assert isinstance(record, Record), record
    found = record.sketch.to_strokes()
    assert len(found) == len(strokes)
    for line, expected in zip(found, strokes, strict=True):
        assert line.shape == (len(expected), 2)
        np.testing.assert_allclose(line, expected, atol=atol)


def distance_to(points, line):
    """Return how far points are from a polyline, at most."""
    a, b = line[:-1], line[1:]
    worst = 0.0
    for p in points:
        along = np.clip(((p - a) * (b - a)).sum(1) / np.maximum(((b - a) ** 2).sum(1), 1e-12), 0, 1)
        worst = max(worst, float(np.hypot(*(a + along[:, None] * (b - a) - p).T).min()))
    return worst


def test_excalidraw_freehand_strokes_lie_where_they_were_drawn(read_bytes):
    angle = 0.5
    data = excalidraw(
        freedraw(WAVE, 100, 50),
        freedraw(WAVE, 100, 50, angle=angle),
        freedraw([(0, 0), (0.0001, 0.0001)], 7, 8),
        freedraw(HOOK, 1, 1, isDeleted=True),
    )
    (record,) = read_bytes(data, "sun.excalidraw")
    # The middle of what is drawn, not of the first point and the size.
    tilted = turned(moved(WAVE, 100, 50), angle, (115, 50))
    check(record, moved(WAVE, 100, 50), tilted, [(7, 8), (7, 8)])
    assert (record.sketch.sketch_id, record.left_out) == ("sun", {})


def test_excalidraw_shapes_are_the_outlines_that_it_draws(read_bytes):
    data = excalidraw(
        element("rectangle", 10, 20, width=40, height=30),
        element("diamond", 0, 0, width=40, height=20, angle=math.pi / 2),
        element("line", 5, 5, points=HOOK),
        element("ellipse", 100, 100, width=60, height=20),
        element("line", 0, 0, points=WAVE, roundness={"type": 2}),
        element("rectangle", 0, 0, width=400, height=200, roundness={"type": 3}),
    )
    (record,) = read_bytes(data, "a.excalidraw")
    box, diamond, line, ellipse, curve, rounded = record.sketch.to_strokes()
    np.testing.assert_allclose(box, [(10, 20), (50, 20), (50, 50), (10, 50), (10, 20)])
    upright = turned([(20, 0), (40, 10), (20, 20), (0, 10), (20, 0)], math.pi / 2, (20, 10))
    np.testing.assert_allclose(diamond, upright, atol=1e-4)
    np.testing.assert_allclose(line, moved(HOOK, 5, 5))
    radii = np.hypot((ellipse[:, 0] - 130) / 30, (ellipse[:, 1] - 110) / 10)
    np.testing.assert_allclose(radii, 1, atol=1e-3)
    assert (ellipse[0] == ellipse[-1]).all()
    assert distance_to(np.array(WAVE), curve) < 1e-3
    assert len(curve) > len(WAVE)
    # Corners of the largest radius, 32: their curves come to 8√2 of the corner.
    assert distance_to(np.array([(8, 8), (32, 0), (368, 200)]), rounded) < 0.1


def test_excalidraw_arrows_are_shaft_and_head(read_bytes):
    arrow = element("arrow", 0, 0, points=[(0, 0), (100, 0)], endArrowhead="arrow")
    both = element(
        "arrow", 0, 50, points=[(0, 0), (20, 0)], startArrowhead="bar", endArrowhead="dot"
    )
    (record,) = read_bytes(excalidraw(arrow, both), "a.excalidraw")
    dx, dy = 25 * math.cos(math.radians(20)), 25 * math.sin(math.radians(20))
    check(
        record,
        [(0, 0), (100, 0)],
        [(100 - dx, dy), (100, 0)],
        [(100 - dx, -dy), (100, 0)],
        [(0, 50), (20, 50)],
        [(0, 40), (0, 60)],
    )
    assert record.left_out == {"arrowhead dot": 1}


def test_excalidraw_counts_what_it_shows_besides_strokes(read_bytes):
    data = excalidraw(
        freedraw(HOOK, 0, 0),
        element("text", text="sun"),
        element("text", text="moon"),
        element("image", fileId="x"),
        element("ellipse", width=5, height=5, strokeColor="transparent"),
        element("line", points=HOOK, opacity=0),
    )
    (record,) = read_bytes(data, "a.excalidraw")
    check(record, HOOK)
    assert record.left_out == {
        "text": 2,
        "image": 1,
        "ellipse without a visible stroke": 1,
        "line without a visible stroke": 1,
    }


def test_old_and_compact_excalidraw_files_are_read(read_bytes):
    old = element("draw", 1, 2, points=[(x, y, 0.5) for x, y in HOOK], strokeSharpness="round")
    data = json.dumps(json.loads(excalidraw(old))).encode()
    (record,) = read_bytes(data, "no-suffix")
    check(record, moved(HOOK, 1, 2))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (excalidraw(), "no strokes"),
        (excalidraw(element("text"), element("text")), "no strokes, but 2 text"),
        (excalidraw(element("line") | {"points": 3}), "points is a number"),
        (excalidraw(element("line") | {"points": [[1]]}), "has not x and y"),
        (excalidraw(element("line", points=HOOK) | {"x": "1"}), "x holds a string"),
        (excalidraw(freedraw(HOOK, 1e30, 0)), "beyond 1e+07"),
        (excalidraw(freedraw(HOOK, 0, 0))[:-90], "not JSON"),
        (b'{"type": "excalidraw", "elements": 3}', "elements is a number"),
        (b'{"type": "excalidrawlib", "version": 2, "libraryItems": []}', "a library of Excalidraw"),
    ],
)
def test_broken_excalidraw_files_are_rejected(read_bytes, data, reason):
    (wrong,) = read_bytes(data, "a.excalidraw")
    assert isinstance(wrong, Rejection)
    assert reason in wrong.reason


@pytest.mark.parametrize("how", ["list", "packed list", "path", "flat path"])
def test_tldraw_freehand_strokes_lie_where_they_were_drawn(read_bytes, how):
    data = tldraw(
        draw_shape(WAVE, 100, 50, how),
        draw_shape(HOOK, 3, 4, how, rotation=0.5, index="a2"),
        draw_shape(HOOK, 0, 0, how, index="a3", props={"scaleX": 2, "scaleY": 0.5}),
        draw_shape(HOOK, 0, 1, how, index="a4", props={"isClosed": True}),
    )
    (record,) = read_bytes(data, "sun.tldr")
    check(
        record,
        moved(WAVE, 100, 50),
        turned(moved(HOOK, 3, 4), 0.5, (3, 4)),
        [(2 * x, y / 2) for x, y in HOOK],
        moved([*HOOK, HOOK[0]], 0, 1),
        atol=0.02,
    )
    assert record.sketch.sketch_id == "sun"


def test_tldraw_segments_of_one_stroke_are_joined(read_bytes):
    one = draw_shape(WAVE, 0, 0, "path")
    two = draw_shape([WAVE[-1], (60, 60)], 0, 0, "list")
    one["props"]["segments"] += two["props"]["segments"]
    (record,) = read_bytes(tldraw(one), "a.tldr")
    check(record, [*WAVE, (60, 60)])


def test_tldraw_shapes_in_groups_are_placed_on_the_page(read_bytes):
    group = shape("group", 100, 100, id="shape:g", rotation=math.pi / 2)
    inner = draw_shape(HOOK, 10, 0, "list", parentId="shape:g")
    (record,) = read_bytes(tldraw(group, inner), "a.tldr")
    check(record, moved(turned(moved(HOOK, 10, 0), math.pi / 2, (0, 0)), 100, 100))


def test_tldraw_lines_arrows_and_shapes_are_outlines(read_bytes):
    handles = {
        "b": {"id": "b", "index": "a2", "x": 20, "y": 10},
        "a": {"id": "a", "index": "a1", "x": 0, "y": 0},
    }
    ends = {"start": {"x": 0, "y": 0}, "end": {"x": 60, "y": 0}}
    bound = shape("arrow", 9, 9, index="a6", props=ends)
    data = tldraw(
        shape("line", 1, 1, index="a1", props={"points": handles, "spline": "line"}),
        shape("arrow", 0, 0, index="a2", props=ends | {"bend": 0, "arrowheadEnd": "arrow"}),
        shape("arrow", 0, 5, index="a3", props=ends | {"bend": -30}),
        shape("geo", 5, 5, index="a4", props={"geo": "triangle", "w": 10, "h": 8}),
        shape("geo", 5, 6, index="a5", props={"geo": "ellipse", "w": 10, "h": 8}),
        shape("geo", 5, 7, index="a5", props={"geo": "cloud", "w": 10, "h": 8}),
        shape("text", 5, 8, props={"richText": {}}),
        bound,
        {"typeName": "binding", "id": "binding:1", "fromId": bound["id"], "toId": "shape:x"},
    )
    (record,) = read_bytes(data, "a.tldr")
    line, shaft, head, arc, triangle, ellipse = record.sketch.to_strokes()
    assert line.tolist() == [[1, 1], [21, 11]]
    assert shaft.tolist() == [[0, 0], [60, 0]]
    size = 3 * 3.5
    wing = [60 - size * math.cos(math.pi / 6), size / 2]
    np.testing.assert_allclose(head[1], [60, 0], atol=1e-4)
    np.testing.assert_allclose(sorted([head[0][1], head[2][1]]), [-wing[1], wing[1]], atol=1e-3)
    np.testing.assert_allclose(head[0][0], wing[0], atol=1e-3)
    # A half circle above the chord, by the program's sign.
    np.testing.assert_allclose(np.hypot(arc[:, 0] - 30, arc[:, 1] - 5), 30, atol=1e-3)
    assert arc[:, 1].min() == pytest.approx(-25, abs=0.1)
    assert triangle.tolist() == [[10, 5], [15, 13], [5, 13], [10, 5]]
    np.testing.assert_allclose(ellipse[0], [15, 10])
    assert record.left_out == {"geo cloud": 1, "text": 1, "arrow that is bound to a shape": 1}


def test_tldraw_pages_are_drawings_with_their_numbers(read_bytes):
    data = tldraw(
        page(3),
        page(2),
        page(1),
        draw_shape(WAVE, 0, 0, "path", parentId="page:page1"),
        draw_shape(HOOK, 0, 1, "path", parentId="page:page3"),
    )
    found = read_bytes(data, "a.tldr")
    ids = [(r.sketch.sketch_id, r.position) for r in found]
    assert ids == [("a/page-1", "page 1"), ("a/page-3", "page 3")]


def test_files_of_the_first_tldraw_are_named_with_what_to_do(read_bytes):
    (wrong,) = read_bytes(b'{"name": "x", "document": {"pages": {}}}', "a.tldr")
    assert "save it again" in wrong.reason


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([], "every page is blank"),
        ([shape("text")], "no strokes, but 1 text"),
        ([draw_shape(WAVE, 0, 0, "path", props={"segments": 3})], "segments is a number"),
        ([draw_shape(WAVE, 0, 0, "x", props={"segments": [{"path": "AA"}]})], "not base64"),
        ([draw_shape(WAVE, 0, 0, "x", props={"segments": [{"path": "AAAA"}]})], "cut off"),
        ([draw_shape(WAVE, 0, 0, "list", rotation="1")], "rotation holds a string"),
        ([shape("group", id="page:page", index="a2")], "nested more than"),
    ],
)
def test_broken_tldraw_files_are_rejected(read_bytes, records, reason):
    (wrong,) = read_bytes(tldraw(*records), "a.tldr")
    assert isinstance(wrong, Rejection)
    assert reason in wrong.reason


FORMAT = """<definitions><context xml:id="c"><inkSource xml:id="pen"><traceFormat>{}</traceFormat>
</inkSource></context></definitions>"""


def channels(*names: str) -> str:
    return "".join(f'<channel name="{name}" type="decimal"/>' for name in names)


def test_inkml_traces_are_strokes_whatever_their_channels(read_bytes):
    (record,) = read_bytes(inkml(trace(WAVE), trace(HOOK)), "a.inkml")
    check(record, WAVE, HOOK)
    with_time = FORMAT.format(channels("T", "Y", "F", "X"))
    rows = ", ".join(f"{17 * i} {y} 0.5 {x}" for i, (x, y) in enumerate(HOOK))
    data = inkml(with_time, f'<trace contextRef="#c">{rows}</trace>', "<annotation>x</annotation>")
    (record,) = read_bytes(data, "no-suffix")
    check(record, HOOK)


def test_inkml_differences_groups_and_continued_traces_are_followed(read_bytes):
    data = inkml(
        "<definitions><trace>9 9</trace></definitions>",
        "<traceGroup><annotation type='truth'>sun</annotation>",
        "<trace>10 20, '1 '2, 3 4, \"1 \"1, !0 !0</trace>",
        "</traceGroup>",
        '<trace type="penUp">1 1, 2 2</trace>',
        '<trace xml:id="t1" continuation="begin">0 0, 1 0</trace>',
        trace(HOOK),
        '<trace continuation="end" priorRef="#t1">2 0, 3 0</trace>',
    )
    (record,) = read_bytes(data, "a.inkml")
    check(
        record,
        [(10, 20), (11, 22), (14, 26), (18, 31), (0, 0)],
        [(0, 0), (1, 0), (2, 0), (3, 0)],
        HOOK,
    )
    assert record.left_out == {"trace with the pen up": 1}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (inkml(), "no strokes"),
        (inkml("<trace>1 2, x 3</trace>"), "trace 0 is not numbers"),
        (inkml("<trace>1 2, 3</trace>"), "has not X and Y"),
        (inkml("<trace>1e999 2</trace>"), "not a finite number"),
        (inkml("<trace>1e300 2</trace>"), "a coordinate is"),
        (inkml("<trace>T F</trace>"), "true or false"),
        (inkml(FORMAT.format(channels("F")), "<trace>1 2</trace>"), "no channels X and Y"),
        (inkml("<traceGroup>" * 99, "</traceGroup>" * 99), "nested more than"),
        (
            inkml("<trace>1 2</trace>").replace(b"<ink", b"<!DOCTYPE a [<!ENTITY e 'x'>]><ink", 1),
            "entities",
        ),
        (inkml("<trace>1 2</trace>")[:-8], "not well-formed"),
    ],
)
def test_broken_inkml_is_rejected(read_bytes, data, reason):
    (wrong,) = read_bytes(data, "a.inkml")
    assert isinstance(wrong, Rejection)
    assert reason in wrong.reason


def test_xournal_strokes_lie_where_they_were_drawn(read_bytes):
    layers = f"<layer>{pen_stroke(WAVE)}</layer><layer>{pen_stroke(HOOK, 'highlighter')}</layer>"
    (record,) = read_bytes(xopp(layers), "a.xopp")
    check(record, WAVE, HOOK)
    assert (record.sketch.sketch_id, record.sketch.width) == ("a", pytest.approx(595.27559))


def test_xournal_pages_are_drawings_and_texts_are_counted(read_bytes):
    text = '<text font="Sans" x="1" y="2">sun</text><image left="0">iVBO</image>'
    one = f"<layer>{pen_stroke(WAVE)}{text}{pen_stroke(HOOK, 'eraser')}</layer>"
    found = read_bytes(xopp(one, "<layer/>", f"<layer>{pen_stroke(HOOK)}</layer>"), "a.xopp")
    assert [r.sketch.sketch_id for r in found] == ["a/page-1", "a/page-3"]
    assert found[0].left_out == {"text": 1, "image": 1, "stroke of the eraser": 1}


def test_plain_xournal_files_are_read(read_bytes):
    (record,) = read_bytes(xopp(f"<layer>{pen_stroke(HOOK)}</layer>", packed=False), "no-suffix")
    check(record, HOOK)


BOMB = gzip.compress(b"<?xml version='1.0'?><xournal>" + b" " * (8 << 20) + b"</xournal>", mtime=0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (xopp(), "blank"),
        (xopp("<layer/>"), "blank"),
        (xopp("<layer><text>x</text></layer>"), "no strokes, but 1 text"),
        (xopp("<layer><stroke>1 2 3</stroke></layer>"), "an x without a y"),
        (xopp("<layer><stroke>1 nan</stroke></layer>"), "not a finite number"),
        (xopp("<layer><stroke>1 1_0</stroke></layer>"), "is not numbers"),
        (xopp("<layer/>")[:-30], "damaged gzip: the file is cut off"),
        (b"\x1f\x8bnonsense", "damaged gzip"),
        (BOMB, "MB of a record"),
        (gzip.compress(b"<annotations/>", mtime=0), "not Xournal"),
    ],
)
def test_broken_xournal_files_are_rejected(read_bytes, data, reason):
    (wrong,) = read_bytes(data, "a.xopp", max_record_bytes=1 << 20)
    assert isinstance(wrong, Rejection)
    assert reason in wrong.reason


@pytest.mark.parametrize("form", sorted(SAMPLES))
@given(data=st.data())
def test_damaged_files_are_read_or_rejected(tmp_path_factory, form, data):
    content = bytearray(SAMPLES[form])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        junk = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"[", b"}", b"9" * 400, b"<", b'"', b"null"])
        )
        content[at : at + data.draw(st.integers(0, 3))] = junk
        content = content or bytearray(b"x")
    path = tmp_path_factory.mktemp("damaged") / "a.file"
    path.write_bytes(content)
    for found in [*read_file(path), *read_file(path, form.removesuffix("-zip"))]:
        assert isinstance(found, Record | Rejection)
