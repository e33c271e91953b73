"""What is read of an SVG against what Chromium paints of it."""

from __future__ import annotations

import numpy as np
import pytest

from instancesketch.formats.vector.document import parse_xml
from instancesketch.formats.vector.flatten import TOLERANCE
from instancesketch.formats.vector.painted import Drawing, Outline, draw
from tests.formats.vector import compare
from tests.formats.vector.samples import Sample, random_samples
from tests.tiers import NIGHTLY

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

SAMPLES = random_samples(300 if NIGHTLY else 120, seed=20)
# Of what a browser paints only strokes; where nothing cuts them, however they are stretched, in
# the width that they say.
STROKES_ALONE = "*{fill:none !important;stroke-linejoin:round}"
UNSTRETCHED = "*{vector-effect:non-scaling-stroke}"


def with_strokes_alone(sample: Sample) -> str:
    style = STROKES_ALONE + UNSTRETCHED * sample.whole
    return sample.svg.removesuffix("</svg>") + f"<style>{style}</style></svg>"


def drawn(sample: Sample, exact: bool = False) -> Drawing:
    return draw(parse_xml(sample.svg.encode()), exact)


def stroke_width(outline: Outline, sample: Sample) -> float:
    """Return how far ink may lie from the middle of a stroke."""
    # Stretched unevenly, it is wider in one direction.
    return outline.style["stroke-width"].of(200) / 2 if sample.whole else outline.width


def test_outlines_lie_where_the_browser_says(browser) -> None:
    samples = [s for s in SAMPLES if s.whole]
    with compare.shown(browser, [s.svg for s in samples]) as page:
        found = page.evaluate("painted()")
    number, largest = 0, 0.0
    for sample, expected in zip(samples, found, strict=True):
        outlines = [o for o in drawn(sample, exact=True).outlines if o.stroked]
        assert [o.tag for o in outlines] == [o["tag"] for o in expected], sample.svg
        for outline, other in zip(outlines, expected, strict=True):
            points = np.array(other["points"])
            far = compare.distance(points, outline.lines).max()
            # The browser's points jump from subpath to subpath; what is read must be near any.
            gap = np.hypot(*np.diff(points, axis=0).T).max()
            back = compare.distance(np.concatenate(outline.lines), [points]).max()
            # Browsers' own arcs are off by some hundredths.
            assert far <= TOLERANCE * 200 + 0.1, (far, outline.tag, sample.svg)
            assert back <= 2 * gap + 0.25, (back, outline.tag, sample.svg)
            largest, number = max(largest, far), number + 1
    print(f"{number} outlines of {len(samples)} SVGs, the farthest {largest:.3f} of 200 off")
    assert number > 2 * len(samples)


def test_what_is_read_covers_the_ink_and_nothing_else(browser) -> None:
    shown = [with_strokes_alone(sample) for sample in SAMPLES]
    with compare.shown(browser, shown) as page:
        inks = compare.photograph(page, len(shown))
    inked, largest = 0, 0.0
    for sample, ink in zip(SAMPLES, inks, strict=True):
        outlines = [o for o in drawn(sample).outlines if o.stroked]
        lines = [line for o in outlines for line in o.lines]
        places = np.argwhere(ink)[:, ::-1] + 0.5
        wide = max((stroke_width(o, sample) for o in outlines), default=0.0)
        if len(places):
            away = compare.distance(places, lines) if lines else np.full(len(places), np.inf)
            # The edge of a stroke may reach into a clip that the stroke is outside of.
            beyond = int((away > wide + 2).sum())
            assert beyond <= (0 if sample.whole else 20), (beyond, away.max(), sample.svg)
            far = away[away <= wide + 2].max(initial=0.0)
            largest, inked = max(largest, far - wide), inked + 1
        for line in lines:
            points = compare.densely(line, 0.5)
            # What lies outside of the page isn't in the picture.
            inside = points[((points > 1) & (points < 199)).all(1)]
            if not len(inside):
                continue
            off = compare.far_from_ink(inside, ink)
            off = off.max() if sample.whole else off.min()
            assert off <= 2, (off, sample.svg)
    print(f"{inked} SVGs with ink, the farthest pixel {largest:.2f} beside what was read")
    assert inked > 0.6 * len(SAMPLES)
