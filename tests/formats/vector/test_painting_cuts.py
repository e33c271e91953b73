"""Clips, dashes, paint servers and the page's own transforms, read and as Chromium paints them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from instancesketch.formats.vector import matrix, transforms
from instancesketch.formats.vector.document import parse_xml
from instancesketch.formats.vector.painted import draw
from tests.formats.vector import compare

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

WAVE = "M20 120C60 20 140 180 180 60"
LINE = f'<path d="{WAVE}"/>'
HALF = '<clipPath id="c" {}><rect width="100" height="200"/></clipPath>'
EDGES = "M10 10H190V190H10ZM50 50V150H150V50Z"
RING = f'<clipPath id="c"><path clip-rule="evenodd" d="{EDGES}"/></clipPath>'
STOPS = '<stop offset="0" stop-color="#000"/><stop offset="1" stop-color="#400"/>'
CLEAR = '<stop stop-color="#000" stop-opacity="0"/>'


class Shown(NamedTuple):
    """What an SVG holds, what its root says, and whether its strokes are painted whole."""

    inside: str
    root: str = 'viewBox="0 0 200 200"'
    whole: bool = False

    @property
    def svg(self) -> str:
        size = "" if "width=" in self.root else 'width="200" height="200"'
        look = 'fill="none" stroke="#000" stroke-width="4" stroke-linejoin="round"'
        root = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {self.root} {look}>'
        return f"{root}{self.inside}</svg>"


CLIPS = {
    "half": HALF.format("") + f'<path clip-path="url(#c)" d="{WAVE}"/>',
    "outside": HALF.format("") + '<path clip-path="url(#c)" d="M120 20V180M20 20V180"/>',
    "its box": '<clipPath id="c" clipPathUnits="objectBoundingBox"><rect width=".5" height="1"/>'
    '</clipPath><circle cx="100" cy="100" r="60" clip-path="url(#c)"/>',
    "of a group": HALF.format("") + f'<g clip-path="url(#c)" transform="rotate(30)">{LINE}</g>',
    "moved": HALF.format('transform="translate(90)"') + f'<g clip-path="url(#c)">{LINE}</g>',
    "by style": HALF.format("") + f'<path style="clip-path:url(#c)" d="{WAVE}"/>',
    "of a clip": HALF.format('clip-path="url(#d)"')
    + '<clipPath id="d"><rect y="100" width="200" height="100"/></clipPath>'
    + '<path clip-path="url(#c)" d="M20 20V80M20 120V180M150 120V180"/>',
    "a copy": '<rect id="r" width="100" height="200" stroke="none"/><clipPath id="c">'
    f'<use href="#r" x="100"/></clipPath><path clip-path="url(#c)" d="{WAVE}"/>',
    "a hole": RING + '<path clip-path="url(#c)" d="M70 100H130M20 30H180"/>',
    "empty": f'<clipPath id="c"/><path clip-path="url(#c)" d="{WAVE}"/><path d="M20 20H60"/>',
    "hidden": '<clipPath id="c"><rect width="200" height="200" display="none"/></clipPath>'
    f'<path clip-path="url(#c)" d="{WAVE}"/>',
    "of nothing": f'<path clip-path="url(#none)" d="{WAVE}"/>',
    "two": HALF.format("") + f'<g clip-path="url(#c)"><g clip-path="url(#c)">{LINE}</g></g>',
    "nested": f'<svg x="50" y="50" width="60" height="60">{LINE}<path d="M80 80H120"/></svg>',
    "nested, shown": f'<svg width="60" height="60" overflow="visible">{LINE}</svg>',
    "symbol": '<symbol id="s" viewBox="0 0 50 50"><path d="M0 25H90M60 60H90"/></symbol>'
    '<use href="#s" x="20" y="20" width="80" height="80"/>',
    "beyond the page": '<path d="M-80 20H-20M20 20H260"/>',
}
DASHES = {
    "even": 'stroke-dasharray="10 5"',
    "odd": 'stroke-dasharray="10,5,2"',
    "shares": 'stroke-dasharray="5% 2%" stroke-dashoffset="3%"',
    "shifted": 'stroke-dasharray="30 20" stroke-dashoffset="-17"',
    "all gap": 'stroke-dasharray="0 900"',
    "after the end": 'stroke-dasharray="5 900" stroke-dashoffset="-600"',
    "near the end": 'stroke-dasharray="5 900" stroke-dashoffset="-150"',
    "dots": 'stroke-dasharray="0 12" stroke-linecap="round"',
    "dots without caps": 'stroke-dasharray="0 12"',
    "its own length": 'stroke-dasharray="1" pathLength="10"',
    "its own length, all gap": 'stroke-dasharray="0 20" pathLength="10"',
    "no lengths": 'stroke-dasharray="0 0"',
    "wrong": 'stroke-dasharray="5 -5"',
    "none": 'stroke-dasharray="none"',
    "by style": 'style="stroke-dasharray:4px 1em;stroke-dashoffset:2"',
}
SERVERS = {
    "linear": f'<linearGradient id="p">{STOPS}</linearGradient>',
    "radial": f'<radialGradient id="p" r=".9">{STOPS}</radialGradient>',
    "in the page": f'<linearGradient id="p" gradientUnits="userSpaceOnUse" x2="200">{STOPS}'
    "</linearGradient>",
    "turned": f'<linearGradient id="p" gradientTransform="rotate(40)">{STOPS}</linearGradient>',
    "of another": f'<linearGradient id="q">{STOPS}</linearGradient>'
    '<radialGradient id="p" href="#q"/>',
    "clear": f'<linearGradient id="p">{CLEAR}{CLEAR}</linearGradient>',
    "without stops": '<linearGradient id="p"/>',
    "one stop": '<linearGradient id="p"><stop stop-color="#000"/></linearGradient>',
    "of the colour": '<linearGradient id="p" color="#200"><stop stop-color="currentColor"/>'
    "</linearGradient>",
    "pattern": '<pattern id="p" width="1" height="1"><rect width="200" height="200" fill="#000" '
    'stroke="none"/></pattern>',
    "pattern without size": '<pattern id="p"><rect width="9" height="9" fill="#000"/></pattern>',
    "flat pattern": '<pattern id="p" width="1" height="0"><rect width="9" height="9" fill="#000"/>'
    "</pattern>",
    "pattern of another": '<pattern id="q" width="1" height="1"><rect width="200" height="200" '
    'fill="#000" stroke="none"/></pattern><pattern id="p" href="#q"/>',
    "empty pattern": '<pattern id="p" width="9" height="9" patternUnits="userSpaceOnUse"/>',
    "missing": "",
}
SHAPES = {
    "path": f'<path stroke="url(#p)" d="{WAVE}"/>',
    "level line": '<path stroke="url(#p)" d="M20 100H180"/>',
    "fallback": f'<path stroke="url(#p) #300" d="{WAVE}"/>',
}
ROOTS = {
    "turned": 'viewBox="0 0 200 200" transform="rotate(20)"',
    "moved": 'viewBox="0 0 200 200" transform="translate(30 -20)"',
    "mirrored": 'viewBox="0 0 200 200" transform="matrix(-.8 0 0 .8 0 0)"',
    "by style": 'viewBox="0 0 200 200" style="transform:rotate(90deg) scale(.7)"',
    "about a corner": 'viewBox="0 0 200 200" transform="rotate(30)" style="transform-origin:0 0"',
    "about a place": 'viewBox="0 0 200 200" style="rotate:15deg;transform-origin:50px 60px"',
    "of another scale": 'viewBox="0 0 400 300" transform="rotate(20) scale(.9)"',
    "without a box": 'transform="scale(.5)"',
}
FITS = ["", "none", "xMinYMin", "xMaxYMax meet", "xMidYMid slice", "xMinYMax slice", "wrong"]
BOXES = ["0 0 400 200", "-50,-20 250 300", "0 0 200 200"]
SIZES = ["", 'width="200" height="100"', 'width="100" height="180"']

SHOWN = {
    **{f"clip {name}": Shown(inside) for name, inside in CLIPS.items()},
    **{
        f"dashes {name}": Shown(f'<path d="{WAVE}" {look}/><circle cx="60" cy="50" r="30" {look}/>')
        for name, look in DASHES.items()
    },
    **{
        f"stroke of {server}, {name}": Shown(f"<defs>{SERVERS[server]}</defs>{shape}", whole=True)
        for server in SERVERS
        for name, shape in SHAPES.items()
    },
    **{f"root {name}": Shown(LINE + '<path d="M60 60H140V140"/>', r) for name, r in ROOTS.items()},
    **{
        f"box {box} {fit or 'as usual'} {size or 'square'}": Shown(
            LINE + '<rect x="30" y="40" width="90" height="70"/>',
            f'{size} viewBox="{box}" ' + f'preserveAspectRatio="{fit}"' * bool(fit),
        )
        for box in BOXES
        for fit in FITS
        for size in SIZES
    },
}


@pytest.fixture(scope="module")
def inks(browser) -> dict[str, np.ndarray]:
    """Return where each SVG has ink."""
    with compare.shown(browser, [each.svg for each in SHOWN.values()]) as page:
        return dict(zip(SHOWN, compare.photograph(page, len(SHOWN)), strict=True))


def read(shown: Shown) -> tuple[list[np.ndarray], float]:
    """Return the strokes that are read, in pixels of the page, and half of their width there."""
    root = parse_xml(shown.svg.encode())
    width, height = (float(root.attrib[side]) for side in ("width", "height"))
    box = transforms.parse_view_box(root.attrib.get("viewBox"))
    fit = root.attrib.get("preserveAspectRatio")
    to_page = transforms.fit(box, width, height, fit) if box else matrix.IDENTITY
    outlines = [o for o in draw(root).outlines if o.stroked]
    lines = [
        np.array([matrix.apply(to_page, *point) for point in line])
        for outline in outlines
        for line in outline.lines
    ]
    wide = max((o.width for o in outlines), default=0.0) * matrix.stretch(to_page) / 2
    return lines, wide


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_read_is_what_is_inked(inks: dict[str, np.ndarray], name: str) -> None:
    shown, ink = SHOWN[name], inks[name]
    lines, wide = read(shown)
    places = np.argwhere(ink)[:, ::-1] + 0.5
    if len(places):
        assert lines, "ink, and nothing is read"
        assert compare.distance(places, lines).max() <= wide + 2
    for line in lines:
        off = compare.far_from_ink(compare.densely(line, 0.5), ink)
        # Clips, dashes and the page cut strokes in the picture, but not those that are read.
        assert (off.max() if shown.whole else off.min()) <= 2


def test_most_of_what_is_shown_has_ink(inks: dict[str, np.ndarray]) -> None:
    assert sum(bool(ink.any()) for ink in inks.values()) > 0.8 * len(SHOWN)
