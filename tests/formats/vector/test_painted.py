"""What is read of an SVG, with numbers that Chromium gave for each kind."""

from __future__ import annotations

import numpy as np
import pytest

from instancesketch.core.errors import SketchError
from instancesketch.formats.vector.document import parse_xml
from instancesketch.formats.vector.painted import Drawing, draw
from tests.formats.vector.samples import HEAD


def drawing(body: str) -> Drawing:
    text = body if body.startswith(("<svg", "<?xml", "<!")) else HEAD.format(body)
    return draw(parse_xml(text.encode()))


def strokes(body: str) -> list[np.ndarray]:
    return [line for o in drawing(body).outlines if o.stroked for line in o.lines]


def boxes(body: str) -> list[list[float]]:
    """Return left, top, right and bottom of each stroke."""
    return [[*line.min(0).round(2), *line.max(0).round(2)] for line in strokes(body)]


INK = 'stroke="#000" fill="none"'
SYMBOL = '<symbol id="s" viewBox="0 0 10 10" {}><path d="M0 5H10" stroke="#000"/></symbol>'


@pytest.mark.parametrize(
    ("body", "points"),
    [
        (
            f'<rect x="20" y="30" width="80" height="40" {INK} transform="rotate(180 100 100)"/>',
            [(180, 170), (100, 170), (100, 130), (180, 130), (180, 170)],
        ),
        (
            f'<rect x="50.5" y=".5" width="79" height="39" transform="rotate(15 50.5 .5)" {INK}/>',
            [(50.5, 0.5), (126.81, 20.95), (116.71, 58.62), (40.41, 38.17), (50.5, 0.5)],
        ),
        (
            f'<rect x="20" y="30" width="80" height="40" {INK} transform="skewX(20)"/>',
            [(30.92, 30), (110.92, 30), (125.48, 70), (45.48, 70), (30.92, 30)],
        ),
        (
            '<defs><rect id="r" width="40" height="20" stroke="#000"/></defs>'
            '<use href="#r" transform="rotate(45 50 50)" x="50" y="50"/>',
            [(50, 50), (78.28, 78.28), (64.14, 92.43), (35.86, 64.14), (50, 50)],
        ),
        (
            f'<path {INK} style="transform:rotate(90deg);transform-origin:100px 100px"'
            ' d="M20 60h100"/>',
            [(140, 20), (140, 120)],
        ),
        (
            f'<path {INK} transform="rotate(90)" transform-origin="100 100" d="M20 20H100"/>',
            [(180, 20), (180, 100)],
        ),
        (
            f'<path {INK} style="transform:rotate(90deg);transform-origin:50% 50%;'
            'transform-box:fill-box" d="M20 20H100"/>',
            [(60, -20), (60, 60)],
        ),
        (
            f'<path {INK} style="translate:50px 10px;rotate:90deg;scale:2" d="M20 -10h10"/>',
            [(70, 50), (70, 70)],
        ),
        (
            f'<path {INK} style="transform:translate(10px,5%) scaleX(2)" d="M20 20h10"/>',
            [(50, 30), (70, 30)],
        ),
        (f'<line x1="1em" y1="1em" x2="10em" y2="1em" {INK}/>', [(16, 16), (160, 16)]),
        (f'<g font-size="150%"><line x2="2em" y2="1in" {INK}/></g>', [(0, 0), (48, 96)]),
        (f'<line x1="10%" y1="1pc" x2="calc(20px + 50%)" y2="3pt" {INK}/>', [(20, 16), (120, 4)]),
        (f'<path d="m10-10.5.5 20-5e1.5" {INK}/>', [(10, -10.5), (10.5, 9.5), (-39.5, 10)]),
        (f'<path d="M10 10L50 50 60" {INK}/>', [(10, 10), (50, 50)]),
        (f'<polyline points="10,10 50,50 60" {INK}/>', [(10, 10), (50, 50)]),
        (f"<path style=\"d:path('M20 60h9')\" d='M1 1h5' {INK}/>", [(20, 60), (29, 60)]),
    ],
)
def test_points_are_where_the_browser_has_them(body, points) -> None:
    (line,) = [s for s in strokes(body) if len(s) > 1]
    assert line.round(2).tolist() == [list(map(float, p)) for p in points]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Mirrored, turned and skewed curves.
        (
            f'<g transform="matrix(1 0 0 -1 0 200)"><circle cx="60" cy="50" r="20" {INK}/></g>',
            [[40, 130, 80, 170]],
        ),
        (
            f'<ellipse cx="100" cy="80" rx="60" ry="20" {INK} transform="rotate(30)"/>',
            [[-6.29, 84.69, 99.49, 153.87]],
        ),
        (
            f'<path d="M20 60A30 15 20 0 1 80 40" {INK} transform="scale(.5 .9)"/>',
            [[2.83, 20.7, 40, 54]],
        ),
        (f'<rect width="80" height="40" rx="9" x="9" {INK}/>', [[9, 0, 89, 40]]),
        # Drawing goes on after `z`.
        (f'<path {INK} d="M10 10h50v50zL100 100"/>', [[10, 10, 60, 60], [10, 10, 100, 100]]),
        # Symbols and nested drawings have their own units.
        (SYMBOL.format("") + '<use href="#s" x="50" y="50" width="90" height="90"/>',
         [[50, 95, 140, 95]]),
        (SYMBOL.format('x="5" width="20" height="20"') + '<use href="#s"/>', [[5, 10, 25, 10]]),
        (SYMBOL.format('transform="translate(20)"') + '<use href="#s" width="100" height="50"/>',
         [[45, 25, 95, 25]]),
        (
            '<svg x="50" y="20" width="50" height="100" viewBox="0 0 10 10">'
            f'<path d="M0 5H10" {INK}/></svg>'.replace("<svg", "<g/><svg", 1),
            [[50, 70, 100, 70]],
        ),
        (
            '<g/><svg x="50" y="20" width="50" height="100" viewBox="0 0 10 10"'
            f' preserveAspectRatio="xMidYMin slice" overflow="visible"><path d="M0 5H10" {INK}/>'
            "</svg>",
            [[25, 70, 125, 70]],
        ),
        (f'<g/><svg x="50%" width="50%"><line x2="50%" {INK}/></svg>', [[100, 0, 150, 0]]),
    ],
)  # fmt: skip
def test_shapes_lie_where_the_browser_has_them(body, expected) -> None:
    assert boxes(body) == expected


SEEN = f'<path d="M20 60h30" {INK}/>'


def with_(attribute: str) -> str:
    return SEEN.replace("/>", f" {attribute}/>")


def styled(sheet: str, body: str = '<g class="o"><path d="M20 60h30"/></g>') -> str:
    return f"<style>{sheet}</style>{body}"


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (with_("visibility='hidden'"), 0),
        ('<g visibility="hidden">' + with_("visibility='visible'") + "</g>", 1),
        (f'<g opacity="0">{SEEN}</g>', 0),
        (f'<g opacity="foo">{SEEN}</g>', 1),
        ('<g display="none">' + with_("display='inline'") + "</g>", 0),
        *(
            (SEEN.replace("#000", colour), number)
            for colour, number in (
                ("transparent", 0), ("not-a-colour", 0), ("#0000", 0), ("hsl(0 50% 10% / 0)", 0),
                ("color-mix(in srgb, red, blue)", 1), ("rgb(300,-5,0)", 1), ("#000;", 0),
                ("url(#none)", 0), ("url(#none) blue", 1), ("context-stroke", 0), (" #000 ", 1),
                ("CurrentColor", 1), ("ButtonText", 1), ("#000 !important", 0),
            )
        ),
        *(
            (with_(attribute), number)
            for attribute, number in (
                ('stroke-opacity="0%"', 0), ('stroke-width="0"', 0), ('stroke-width="-5"', 1),
                ('style="stroke-width:0px"', 0), ('style="stroke:foo"', 1),
                ('systemLanguage="zz"', 0),
                ('style="display:contents"', 0), ('transform="scale(0)"', 0),
                ('transform="rotate(45deg)"', 1), ('stroke-dasharray="0 1000"', 0),
                ('stroke-dasharray="1000" stroke-dashoffset="1000"', 0),
                ('stroke-dasharray="0"', 1),
                ('stroke-dasharray="1" pathLength="1" stroke-dashoffset="1"', 0),
                ('stroke-dasharray="5 5"', 1), ('style="d:none"', 0), ('clip-path="url(#none)"', 1),
            )
        ),
        # What is only defined isn't painted.
        *((f"<{tag}>{SEEN}</{tag}>", 0) for tag in (
            "defs", "symbol", "marker", "mask", "pattern", "clipPath", "foo")),
        (f'<i:x xmlns:i="urn:i">{SEEN}</i:x>', 0),
        (f'<switch><g systemLanguage="zz">{SEEN}{SEEN}</g><g>{SEEN}</g>{SEEN}</switch>', 1),
        (f'<switch><g requiredExtensions="foo"/>{SEEN}</switch>', 1),
        # Lines without length show by their caps.
        (f'<path d="M50 50h0" {INK}/>', 0),
        (f'<path d="M50 50z" {INK} stroke-linecap="round"/>', 1),
        (f'<path d="M50 50" {INK} stroke-linecap="round"/>', 0),
        (f'<rect width="50" {INK}/>', 0),
        # A gradient over the box of a line that has none.
        ('<linearGradient id="g"><stop/></linearGradient><path d="M9 9H50" stroke="url(#g)"/>', 0),
        ('<linearGradient id="g"><stop/></linearGradient>'
         '<path d="M9 9H50V50" stroke="url(#g)"/>', 1),
        ('<linearGradient id="g" gradientUnits="userSpaceOnUse"><stop stop-opacity="0"/>'
         '</linearGradient><path d="M9 9H50V50" stroke="url(#g)"/>', 0),
        # Damaged data.
        (f'<path d="M10 10L NaN NaN L50 50" {INK}/>', 0),
        (f'<path d="L50 50L60 60" {INK}/>', 0),
        (f'<polyline points="10,10 50,50 60,x" {INK}/>', 0),
    ],
)  # fmt: skip
def test_only_what_is_seen_is_a_stroke(body, number) -> None:
    assert len(strokes(body)) == number


@pytest.mark.parametrize(
    ("sheet", "number"),
    [
        ("g.o path{stroke:#000}", 1),
        ("g > path{stroke:#000}", 1),
        ("svg > path{stroke:#000}", 0),
        ("[d]{stroke:#000}", 1),
        ("path:nth-child(2){stroke:#000}", 0),
        (".o:has(path) :not(g){stroke:#000}", 1),
        ("path{stroke:#000} g path{stroke:none}", 0),
        ("path{stroke:#000 !important} g path{stroke:none}", 1),
        ("@media print{path{stroke:#000}}", 0),
        ("@media screen and (prefers-color-scheme: light){path{stroke:#000}}", 1),
        ("g{path{stroke:#000}}", 1),
        (".o{&amp;>path{stroke:#000}}", 1),
        (".o{--ink:#000}path{stroke:var(--ink)}", 1),
        ("path{stroke:var(--ink)}", 0),
        ("path{stroke:var(--ink,#000)}", 1),
        ("path{stroke:#000;all:unset}", 0),
        ("path:hover,path{stroke:#000}", 1),
        ("PATH{stroke:#000}", 0),
        ("@font-face{font-family:x}@namespace svg url(http://www.w3.org/2000/svg);"
         "svg|path{stroke:#000}", 1),
        ("&lt;!-- path{stroke:#000} --&gt;", 1),
    ],
)  # fmt: skip
def test_style_sheets_decide_as_in_a_browser(sheet, number) -> None:
    assert len(strokes(styled(sheet))) == number


def test_to_selectors_a_copy_is_a_tree_of_its_own() -> None:
    used = '<defs><g class="o"><path id="p" d="M20 20H100"/></g></defs><use href="#p"/>'
    assert not strokes(styled(".o path{stroke:#000}", used))
    assert not strokes(styled("svg path, :root path, use path{stroke:#000}", used))
    assert len(strokes(styled(":first-child{stroke:#000}", used))) == 1
    assert len(strokes(used.replace("<use", '<use stroke="#000"'))) == 1


@pytest.mark.parametrize(
    ("clip", "number"),
    [
        ('<rect width="40" height="200"/>', 1),
        ('<rect x="100" width="40" height="200"/>', 0),
        ("", 0),
        ('<g><rect width="200" height="200"/></g>', 0),
        ('<use href="#r"/>', 1),
        ('<rect width="200" height="200" visibility="hidden"/>', 0),
        ('<path d="M0 0H200V200H0z M10 10H190V190H10z" clip-rule="evenodd"/>', 0),
        ('<path d="M0 0H200V200H0z M10 10H190V190H10z"/>', 1),
        # The line itself is outside, and a part of its width inside.
        ('<rect y="60.3" width="200" height="9"/>', 1),
    ],
)
def test_a_stroke_wholly_outside_its_clip_is_left_out(clip, number) -> None:
    body = f'<clipPath id="c">{clip}</clipPath><g clip-path="url(#c)">{SEEN}</g>'
    found = drawing(body + '<defs><rect id="r" width="40" height="200"/></defs>')
    assert len([o for o in found.outlines if o.stroked]) == number
    assert found.left_out == ({} if number else {"stroke outside its clip": 1})
    # What is partly inside isn't cut.
    assert all(o.lines[0].tolist() == [[20, 60], [50, 60]] for o in found.outlines)


def test_what_is_left_out_is_counted_by_kind() -> None:
    found = drawing(
        f'<rect width="200" height="200" fill="#fff"/><text>a</text><image/>{SEEN}'
        f'<path d="M1 1 L2 x" {INK}/><path d="M1 1h9" stroke="none"/><path d="M999 9h9" {INK}/>'
        '<use href="other.svg#a"/><g visibility="hidden"><text>b</text></g>'
    )
    assert found.left_out == {
        "shape without a stroke": 1,
        "text": 1,
        "image": 1,
        "shape cut off at 'L2 x', where its data is wrong": 1,
        "invisible shape": 2,
        "stroke outside its clip": 1,
        "<use> of nothing in the file": 1,
    }


def test_canvas_is_that_of_the_view_box_else_of_the_size() -> None:
    inside = '<path d="M1 1h5" stroke="#000"/></svg>'
    head = '<svg xmlns="http://www.w3.org/2000/svg" {}>' + inside
    for size, expected in (
        ('width="210mm" height="297mm" viewBox="0 0 210 297"', (210, 297)),
        ('width="1in" height="2in"', (96, 192)),
        ('width="100%"', (None, None)),
    ):
        found = drawing(head.format(size))
        assert (found.width, found.height) == expected
        assert found.outlines[0].lines[0].tolist() == [[1, 1], [6, 1]]


def test_the_namespaces_of_illustrator_are_read() -> None:
    text = (
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd" ['
        '<!ENTITY ns "http://www.w3.org/2000/svg">]><svg xmlns="&ns;">'
        '<path d="M1 1h5" stroke="red"/></svg>'
    )
    assert len(strokes(text)) == 1


EIGHT = 8 * "<use href='#g{}'/>"
HUGE = "".join(f'<g id="g{i + 1}">{EIGHT.replace("{}", str(i))}</g>' for i in range(9))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<!DOCTYPE svg [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><svg>&a;</svg>", "entities"),
        ("<!DOCTYPE svg [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><svg>&b;</svg>", "entities"),
        (f"<!DOCTYPE svg [<!ENTITY a '{'x' * 190}'>]><svg>{'&a;' * 9_000}</svg>", "entities"),
        ("<!DOCTYPE svg [<!ENTITY % a 'x'>]><svg/>", "entities"),
        (f"<!DOCTYPE svg [<!ATTLIST g a CDATA '{'x' * 2_000}'>]><svg/>", "long defaults"),
        ("<g>" * 300 + "</g>" * 300, "nested more than 256"),
        ('<g id="a"><use href="#a"/></g>', "contains itself"),
        (f'<path id="g0" d="M0 0h9" {INK}/>{HUGE}', "more than 200000 SVG elements"),
        (
            '<g style="transform:scale(.9);transform-box:fill-box;transform-origin:center">' * 40
            + SEEN + "</g>" * 40,
            "more than 200000 SVG elements",
        ),
        (
            f'<path id="p" d="M0 0{"q9 9 1 1" * 9_000}" {INK}/>' + "<use href='#p'/>" * 900,
            "more than 2000000 points",
        ),
        (styled("* * * * * * * * * *{stroke:#000}", "<g>" * 60 + SEEN + "</g>" * 60), "too long"),
        (styled("path{--a:#000" + "".join(f";--a{i}:var(--a{i - 1}) var(--a{i - 1})"
                for i in range(1, 14)).replace("--a0", "--a") + ";stroke:var(--a13)}"), "var()"),
        (styled("g:is(:fullscreen) path{stroke:#000}"), "selector 'g:is(:fullscreen)"),
        (styled("@layer a{path{stroke:#000}}"), "@layer a"),
        (styled("@media (min-width:9px){path{stroke:#000}}"), "@media"),
        (styled("@import 'ink.css'; path{stroke:#000}"), "ink.css"),
        ('<?xml-stylesheet href="ink.css"?><svg/>', "ink.css"),
        (with_('style="clip-path:inset(5px)"'), "clip-path 'inset(5px)'"),
        (with_('style="transform:rotateY(60deg)"'), "rotateY"),
        (f'<line x2="10vw" {INK}/>', "10vw"),
    ],
    ids=range(20),
)  # fmt: skip
def test_hostile_and_unknown_drawings_are_refused_by_name(body, reason) -> None:
    with pytest.raises(SketchError) as refused:
        drawing(body)
    assert reason in str(refused.value)
