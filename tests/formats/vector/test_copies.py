"""Copies by `<use>`: many are read, and bombs of them refused before they are walked."""

import time

import pytest

from instancesketch.core.errors import SketchError
from instancesketch.formats.vector.document import parse_xml
from instancesketch.formats.vector.painted import Drawing, draw

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200">{}</svg>'
PATH = '<path id="g0" d="M0 0L1 1" stroke="red"/>'


def _draw(inside: str) -> Drawing:
    return draw(parse_xml(SVG.format(inside).encode()))


def _levels(number: int, each: int = 10, wrapped: str = "<g id='g{}'>{}</g>") -> str:
    """Return groups that each copy the one before `each` times; the last is not painted."""
    return "".join(
        wrapped.format(i, f'<use href="#g{i - 1}"/>' * each) for i in range(1, number + 1)
    )


@pytest.mark.parametrize(
    "inside",
    [
        PATH + _levels(9),
        f'<defs>{PATH}{_levels(9)}</defs><use href="#g9"/>',
        PATH + _levels(9, wrapped='<symbol id="g{}">{}</symbol>') + '<use href="#g9"/>',
        PATH + _levels(16, each=2) + '<g id="loop"><use href="#loop"/></g>',
    ],
    ids=["groups", "defs", "symbols", "beside a loop"],
)
def test_a_bomb_of_copies_is_refused_by_name_at_once(inside: str) -> None:
    start = time.process_time()
    with pytest.raises(SketchError, match="more than 200000 SVG elements, copies by <use>"):
        _draw(inside)
    assert time.process_time() - start < 0.2


@pytest.mark.parametrize(
    "hidden",
    ['<g display="none">{}</g>', '<g style="display: none">{}</g>', "<defs>{}</defs>"],
)
def test_copies_of_copies_that_nobody_sees_are_no_bomb(hidden: str) -> None:
    drawing = _draw(hidden.format(PATH + _levels(9)) + '<use href="#g1"/>')
    assert len(drawing.outlines) == 10


def test_a_copy_takes_the_style_of_each_use_and_rules_of_its_own() -> None:
    rules = "<style>.wide path { stroke-width: 4 } g > path { stroke-width: 3 }</style>"
    groups = f'<defs><g id="g">{PATH}</g></defs>'
    uses = '<use href="#g" stroke-width="9"/><use href="#g0" stroke-width="7" class="wide"/>'
    drawing = _draw(rules + groups + uses + '<use href="#g0" stroke-width="5" x="1"/>')
    assert [outline.width for outline in drawing.outlines] == [3, 7, 5]


def test_thousands_of_copies_are_read() -> None:
    uses = "".join(f'<use href="#g0" x="{i % 100}" y="{i // 100}"/>' for i in range(3_000))
    drawing = _draw(f"<defs>{PATH}</defs>{uses}")
    places = {tuple(outline.lines[0][0]) for outline in drawing.outlines}
    assert len(drawing.outlines) == len(places) == 3_000
