"""Pieces of strokes: what a row may hold, and the points of each piece."""

import numpy as np
import pytest

from instancesketch.core.errors import SketchError
from instancesketch.core.schema import RESULT_SCHEMA, from_table, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import Piece, split_points

BODY, TAIL = Piece(0, "body", 0.75), Piece(2, "tail", 0.5)
STROKES = [[(i, 0) for i in range(4)], [(0, 1), (1, 1)]]


def mixed(*pieces, strokes=STROKES):
    return Sketch.from_strokes(strokes, part=("body",) * 2, pieces=(*pieces,))


def test_pieces_end_where_the_next_ones_start():
    sketch = mixed((BODY, TAIL), None)
    first, second = split_points(sketch.to_strokes()[0], sketch.pieces[0])
    np.testing.assert_array_equal(first, [(0, 0), (1, 0), (2, 0)])
    np.testing.assert_array_equal(second, [(2, 0), (3, 0)])
    assert sketch.mixed == (0,)
    assert sketch.take([1, 0]).mixed == (1,)


def test_pieces_are_read_back_from_a_result():
    sketches = [mixed((BODY, TAIL), None), mixed(None, None), Sketch.from_strokes(STROKES)]
    table = to_table(sketches, RESULT_SCHEMA)
    assert from_table(table) == sketches
    assert table["pieces"].to_pylist()[0] == [[BODY._asdict(), TAIL._asdict()], None]
    assert from_table(table.drop_columns("pieces"))[0].pieces is None


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ([(BODY, TAIL)], "pieces has 1 entries for 2 strokes"),
        ([(BODY,), None], "stroke 0 has 1 pieces"),
        ([(), None], "stroke 0 has 0 pieces"),
        ([(TAIL, BODY), None], "don't follow each other"),
        ([(BODY, BODY), None], "don't follow each other"),
        ([(Piece(1, "body", 1.0), TAIL), None], "don't follow each other from its start"),
        ([None, (BODY, TAIL)], "stroke 1 has no piece from its point 2"),
        ([(BODY, Piece(3, "tail", 1.0)), None], "stroke 0 has no piece from its point 3"),
        ([(BODY, Piece(2, "body", 1.0)), None], "are of one part"),
        ([(BODY, Piece(2, None, 1.0)), None], "lacks its start, part or score"),
    ],
)
def test_pieces_that_do_not_make_up_their_stroke_are_refused(pieces, reason):
    with pytest.raises(SketchError, match=reason):
        mixed(*pieces)


def test_a_row_whose_pieces_hold_nulls_is_refused():
    table = to_table([mixed((BODY, TAIL), None)], RESULT_SCHEMA)
    rows = table.to_pylist()
    rows[0]["pieces"][0][1] = None
    broken = type(table).from_pylist(rows, schema=RESULT_SCHEMA)
    with pytest.raises(SketchError, match="lacks its start"):
        from_table(broken)
