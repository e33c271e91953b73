import numpy as np
import pytest

from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import Piece
from instancesketch.formats import Rejection
from instancesketch.render.svg import to_svg

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {}>{}</svg>'
)


@pytest.fixture
def read_svg(read_bytes):
    def read(body: str, head: str = 'viewBox="0 0 100 100"', **options):
        (found,) = read_bytes(HEAD.format(head, body).encode(), "drawing.svg", **options)
        return found

    return read


def boxes(sketch: Sketch) -> list[list[float]]:
    """Return the left, top, right and bottom of each stroke."""
    return [
        [*map(float, s.min(0).round(2)), *map(float, s.max(0).round(2))]
        for s in sketch.to_strokes()
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<line x1="1" y1="2" x2="3" y2="5" stroke="red"/>', [[1, 2, 3, 5]]),
        ('<polyline points="1,2 3 4,5,6" stroke="red"/>', [[1, 2, 5, 6]]),
        ('<rect x="1" y="2" width="3" height="4" stroke="red"/>', [[1, 2, 4, 6]]),
        ('<circle cx="50%" cy="50" r="10" stroke="red"/>', [[40, 40, 60, 60]]),
        ('<ellipse cx="50" cy="50" rx="10" ry="4" stroke="red"/>', [[40, 46, 60, 54]]),
        (
            '<path d="M0 0 10 10 M20 20h5v5z M90 90" stroke="red"/>',
            [[0, 0, 10, 10], [20, 20, 25, 25]],
        ),
        ('<path d="M7 7h0" stroke="red" stroke-linecap="round"/>', [[7, 7, 7, 7]]),
        (
            '<g transform="translate(10,20)" stroke="red"><path d="M0 0L1 1"/></g>',
            [[10, 20, 11, 21]],
        ),
        ('<path d="M0 0L1 1" style="stroke:#f00"/><path d="M0 0L9 9"/>', [[0, 0, 1, 1]]),
        ("<style>.a{stroke:red}</style><path class='a' d='M0 0L1 1'/>", [[0, 0, 1, 1]]),
        (
            '<defs><path id="a" d="M0 0L1 1" stroke="red"/></defs><use xlink:href="#a" x="5"/>',
            [[5, 0, 6, 1]],
        ),
        (
            '<path d="M0 0L1 1" stroke="red" display="none"/><path d="M0 0L2 2" stroke="red"/>',
            [[0, 0, 2, 2]],
        ),
    ],
)
def test_outlines_become_strokes(read_svg, body, expected):
    sketch = read_svg(body).sketch
    assert boxes(sketch) == expected
    assert (sketch.sketch_id, sketch.width, sketch.height) == ("drawing", 100, 100)


@pytest.mark.parametrize(
    ("curve", "exact"),
    [
        (
            "C 0 100 100 100 100 0",
            lambda t: (3 * t**2 * (1 - t) * 100 + t**3 * 100, 300 * t * (1 - t)),
        ),
        ("Q 50 100 100 0", lambda t: (100 * t, 200 * t * (1 - t))),
        ("A 50 50 0 0 0 100 0", lambda t: (50 - 50 * np.cos(np.pi * t), 50 * np.sin(np.pi * t))),
    ],
)
def test_a_polyline_stays_close_to_its_curve(read_svg, curve, exact):
    sketch = read_svg(f'<path d="M0 0 {curve}" stroke="red"/>').sketch
    points = np.stack([sketch.x, sketch.y], axis=1).astype(float)
    starts, ends = points[:-1, None], points[1:, None]
    for place in np.stack(exact(np.linspace(0, 1, 333)), axis=1):
        along = ((place - starts) * (ends - starts)).sum(-1) / ((ends - starts) ** 2).sum(-1)
        nearest = starts + np.clip(along, 0, 1)[..., None] * (ends - starts)
        assert np.hypot(*(nearest - place).reshape(-1, 2).T).min() < 0.15
    assert len(points) < 100


@pytest.mark.parametrize(
    ("head", "size"),
    [
        ('width="200px" height="100"', (200, 100)),
        ('width="200" height="100" viewBox="-10 -10 100 50"', (100, 50)),
        ('viewBox="0,0,20,10"', (20, 10)),
        ('width="2.54cm" height="1in" viewBox="a b"', (96, 96)),
        ('width="100%" viewBox="a b"', (None, None)),
        ("", (None, None)),
    ],
)
def test_coordinates_are_not_scaled_to_pixels(read_svg, head, size):
    sketch = read_svg('<path d="M1 2L3 4" stroke="red"/>', head).sketch
    assert boxes(sketch) == [[1, 2, 3, 4]]
    assert (sketch.width, sketch.height) == size


def test_strokes_have_the_labels_of_their_group(read_svg):
    body = (
        '<g stroke="red"><g data-label="wheel" data-instance="2"><path d="M0 0L1 1M2 2L3 3"/></g>'
        '<path d="M0 0L1 1"/></g>'
    )
    sketch = read_svg(body).sketch
    assert sketch.label == ("wheel", "wheel", "unlabeled")
    assert sketch.instance == (2, 2, None)


def test_a_document_type_without_entities_is_read(read_bytes):
    doctype = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://nowhere.invalid/svg11.dtd">'
    data = doctype + HEAD.format("", '<path d="M0 0L1 1" stroke="red"/>')
    (record,) = read_bytes(data.encode(), "a.svg")
    assert len(record.sketch) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<text>hello</text>", "no strokes are painted: 1 text"),
        ('<path d="M0 0L9 0L9 9"/><path d="M0 0L2 2" stroke="none"/>', "without a stroke"),
        ('<path d="" stroke="red"/>', "no strokes"),
        ('<path d="M0 0 L nan 3" stroke="red"/>', "cut off at 'L nan 3'"),
        ('<path d="M0 0 Q" stroke="red"/>', "cut off at 'Q'"),
        ('<path d="M0 0 L1e999 3" stroke="red"/>', "cut off at 'L1e999 3'"),
        ('<polyline points="1,2 3,x" stroke="red"/>', "cut off at ',x'"),
        (
            '<path d="M0 0L1 1" stroke="red" data-label="a" data-instance="x"/>',
            "is not a whole number",
        ),
        (
            '<path d="M0 0L1 1" stroke="red" data-label="a" data-instance="-1"/>',
            "instance holds -1",
        ),
        ('<path d="M0 0L1 1" stroke="red" data-instance="99999999999"/>', "enormous"),
        ("<g>" * 500 + "</g>" * 500, "nested more than 256"),
    ],
)
def test_invalid_drawings_are_rejected(read_svg, body, reason):
    found = read_svg(body)
    assert isinstance(found, Rejection)
    assert reason in found.reason


def test_a_written_sketch_reads_back_exactly(read_bytes):
    strokes = [[[0.1, 0.2]], [[1e-7, -3.3], [1e-7, -3.3]], [[256, 1e7], [5, 5], [256, 1e7]]]
    sketch = Sketch.from_strokes(strokes, sketch_id="d/1", category="sun", width=0.5)
    (record,) = read_bytes(to_svg(sketch, size=300).encode(), "other-name.svg")
    assert record.sketch == sketch


def test_a_stroke_that_is_drawn_in_pieces_reads_back_whole(read_bytes):
    line, piece = [(i, i * i) for i in range(6)], Piece(0, "body", 1.0)
    mixed = (piece, Piece(2, "tail", 1.0), Piece(4, "body", 1.0))
    two = mixed[:2]
    sketch = Sketch.from_strokes(
        [line, line, [(5, 25), (9, 9)], line[::-1]], sketch_id="dog", part=("body",) * 4,
        label=("body",) * 4, pieces=(mixed, two, None, two),
    )  # fmt: skip
    (record,) = read_bytes(to_svg(sketch).encode(), "a.svg")
    assert record.sketch == sketch.replace(pieces=None)
    # In a file of another program such an attribute means nothing.
    foreign = to_svg(sketch).replace('data-id="dog"', "")
    (record,) = read_bytes(foreign.encode(), "a.svg")
    assert len(record.sketch) == 3 + 2 + 1 + 2
    (record,) = read_bytes(foreign.replace('data-start="0"', 'data-start="?"').encode(), "a.svg")
    assert len(record.sketch) == 8
