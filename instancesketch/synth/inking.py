"""From the strokes of a canvas to lines in the box, as the canvas's drawing style draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas, PartInstance, Segment, Stroke
from instancesketch.synth.primitives import Path, extend, is_nearly_closed, length, warp
from instancesketch.synth.style import BOX

# Lines nearer than this share of the drawing's size may be drawn without lifting the pen.
_NEAR = 0.06


def ink_canvas(canvas: Canvas) -> list[tuple[Path, PartInstance]]:
    """Return the lines of a canvas, in the box of 0 to `BOX`, each with its part and instance."""
    strokes = _pose(canvas.strokes, canvas)
    # Order before omission: whoever stops early leaves out what comes last.
    strokes = _order_features(strokes, canvas)
    strokes = _omit_features(strokes, canvas)
    strokes = _join_strokes(strokes, canvas)
    # Before this, lengths are in the canvas's free units; below, in pixels of the box.
    strokes = fit_to_box(strokes)
    strokes = _misplace_features(strokes, canvas)
    strokes = _shade(strokes, canvas)
    return _settle_in_box(_ink(strokes, canvas), canvas)


def fit_to_box(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Move strokes to the box's upper left corner, their longer side as long as the box's."""
    # One scale for both axes: the drawing keeps its proportions.
    points = np.concatenate([stroke.path for stroke in strokes])
    scale = BOX / max(float(np.ptp(points, axis=0).max()), 1e-9)
    low = points.min(axis=0)
    return [stroke.transform(lambda path: (path - low) * scale) for stroke in strokes]


def _ink(strokes: Sequence[Stroke], canvas: Canvas) -> list[tuple[Path, PartInstance]]:
    """Reverse, break and retrace some lines, and ink them all."""
    style, lines = canvas.style, []
    for stroke in strokes:
        reverse = canvas.chance(style.reverse_chance / 2)
        whole = stroke.path[::-1] if reverse else stroke.path
        if style.overrun and length(whole) > 5 * style.overrun:
            whole = extend(whole, *canvas.rng.exponential(style.overrun, 2))
        for path in _break_line(whole, canvas):
            times = 2 if canvas.chance(style.retrace_chance) else 1
            lines += [(style.ink(path, canvas.rng), stroke.part_instance) for _ in range(times)]
    return lines


def _settle_in_box(
    lines: Sequence[tuple[Path, PartInstance]], canvas: Canvas
) -> list[tuple[Path, PartInstance]]:
    """Fit lines to the box again, which tremor and misplacement left."""
    style = canvas.style
    points = np.concatenate([path for path, _ in lines])
    low, span = points.min(axis=0), np.ptp(points, axis=0).max()
    # Most drawings touch the box's left and top, as those of Quick, Draw! do.
    margin = (BOX - BOX * style.size * np.ptp(points, axis=0) / span) * (style.size < 1)
    shift = canvas.rng.random(2) * margin
    settled = [((path - low) / span * BOX * style.size + shift, part) for path, part in lines]
    if style.pixels:
        settled = [(_snap(path, BOX / style.pixels), part) for path, part in settled]
    return [(np.rint(path) if style.integers else path, part) for path, part in settled]


def _snap(path: Path, step: float) -> Path:
    """Move points to the nearest of a grid, and keep one where several in a row are the same."""
    snapped = np.rint(path / step) * step
    moves = np.any(np.diff(snapped, axis=0) != 0, axis=1)
    return np.asarray(snapped[np.concatenate([[True], moves])])


def cut_short(
    lines: Sequence[tuple[Path, PartInstance]], share: float
) -> list[tuple[Path, PartInstance]]:
    """Return the first lines of a drawing, about a share of them: what is there at a pen-up.

    At least two stay, at least two in five, and at least half of the ink of its parts, without
    which nobody would know what it is going to be.
    """
    if share >= 1:
        return list(lines)
    ink = np.cumsum([(part != UNLABELED) * (1 + length(path)) for path, (part, _) in lines])
    half = int(np.searchsorted(ink, ink[-1] / 2)) + 1
    return list(lines[: max(2, half, ceil(max(share, 0.4) * len(lines)))])


def _pose(strokes: Sequence[Stroke], canvas: Canvas) -> list[Stroke]:
    """Mirror, stretch, shear, warp and tilt the drawing as a whole."""
    style = canvas.style
    # One map for all strokes, since a page is turned as a whole; strokes differ by misplacement.
    angle = 2 * np.pi * style.tilt
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretch = np.sqrt(style.aspect)
    scale = np.array([[stretch * (-1 if style.mirror else 1), style.shear], [0, 1 / stretch]])
    points = np.concatenate([stroke.path for stroke in strokes])
    centre, radius = points.mean(axis=0), max(float(np.ptp(points, axis=0).max()), 1e-9) / 2
    coefficients = style.warp * radius * np.clip(canvas.rng.normal(size=(3, 2)), -2, 2)

    def pose(path: Path) -> Path:
        return warp(path, centre, radius, coefficients) @ scale.T @ turn.T

    return [stroke.transform(pose) for stroke in strokes]


def _order_features(strokes: Sequence[Stroke], canvas: Canvas) -> list[Stroke]:
    """Sort features by the style's order; strokes within a feature keep theirs."""
    features = sorted({stroke.feature for stroke in strokes})
    centre = {
        f: np.concatenate([s.path for s in strokes if s.feature == f]).mean(axis=0)
        for f in features
    }
    random = {f: canvas.rng.random() for f in features}
    rank = {
        "own": lambda f: f,
        "reversed": lambda f: -f,
        "left": lambda f: centre[f][0],
        "top": lambda f: centre[f][1],
        "any": lambda f: random[f],
    }[canvas.style.feature_order]
    return sorted(strokes, key=lambda stroke: (rank(stroke.feature), stroke.feature))


def _omit_features(strokes: Sequence[Stroke], canvas: Canvas) -> list[Stroke]:
    """Leave out a feature or two, or stop before the end, as some people do."""
    features = list(dict.fromkeys(stroke.feature for stroke in strokes))
    ink = dict.fromkeys(features, 0.0)
    for stroke in strokes:
        # A long word beside a small drawing isn't the drawing.
        if stroke.segments[0].part != UNLABELED:
            ink[stroke.feature] += length(stroke.path)
    # The first and the longest stay: without a car's frame or a sun's disc it isn't one.
    main = {min(features), max(features, key=lambda f: ink[f])}
    if len(features) > 2 and canvas.chance(canvas.style.omit_chance):
        count = len(features)
        order = canvas.rng.permutation(count)
        kept = {features[i] for i in order[: count - canvas.integer(1, 2)]}
        return [stroke for stroke in strokes if stroke.feature in kept | main]
    # Or they stop early: everything from some feature on is missing.
    if len(features) > 3 and canvas.chance(canvas.style.omit_chance / 2):
        kept = set(features[: canvas.integer(len(features) // 2, len(features) - 1)])
        return [stroke for stroke in strokes if stroke.feature in kept | main]
    return list(strokes)


def _join_strokes(strokes: Sequence[Stroke], canvas: Canvas) -> list[Stroke]:
    """Leave the pen down between some lines that nearly meet."""
    points = np.concatenate([stroke.path for stroke in strokes])
    near = _NEAR * float(np.ptp(points, axis=0).max())
    joined = [strokes[0]]
    for stroke in strokes[1:]:
        end = joined[-1].path[-1]
        gaps = [float(np.hypot(*(stroke.path[i] - end))) for i in (0, -1)]
        # A line shorter than the gap is a dot or a tooth, drawn by itself.
        if (
            min(gaps) < near
            and length(stroke.path) > near
            and canvas.chance(canvas.style.join_chance)
        ):
            segments = stroke.segments if gaps[0] <= gaps[1] else _reverse(stroke.segments)
            joined[-1] = Stroke(segments=joined[-1].segments + segments, feature=stroke.feature)
        else:
            joined.append(stroke)
    return joined


def _reverse(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    return tuple(replace(segment, path=segment.path[::-1]) for segment in reversed(segments))


def _misplace_features(strokes: Sequence[Stroke], canvas: Canvas) -> list[Stroke]:
    """Move each feature, and within it each stroke, a little off its place."""
    spread = canvas.style.misplacement * BOX
    # Sorted, since the order of a set must not decide which feature gets which random number.
    features = sorted({stroke.feature for stroke in strokes})
    offset = {f: canvas.rng.normal(0, spread, 2) for f in features}

    def misplace(stroke: Stroke) -> Stroke:
        shift = offset[stroke.feature] + canvas.rng.normal(0, spread / 2, 2)
        return stroke.transform(lambda path: path + shift)

    return [misplace(stroke) for stroke in strokes]


def _shade(strokes: Sequence[Stroke], canvas: Canvas) -> list[Stroke]:
    """Scribble over some closed forms; a scribble is labelled as the form below it."""
    shaded = []
    for stroke in strokes:
        shaded.append(stroke)
        size = np.ptp(stroke.path, axis=0)
        if (
            len(stroke.segments) > 1  # of several parts: a scribble over them has no label
            or not is_nearly_closed(stroke.path)
            or size.min() < BOX / 12
            or not canvas.chance(canvas.style.shade_chance)
        ):
            continue
        (x, y), (rx, ry) = (
            stroke.path.min(axis=0) + size / 2,
            size * canvas.rng.uniform(0.2, 0.45, 2),
        )
        # On a canvas of its own, since the scribble is in pixels and must follow its form.
        form = stroke.segments[0]
        scribbles = Canvas(rng=canvas.rng, style=canvas.style)
        scribbles.scribble(x, y, rx, ry, form.part, form.instance)
        shaded += [replace(scribble, feature=stroke.feature) for scribble in scribbles.strokes]
    return shaded


def _break_line(path: Path, canvas: Canvas) -> list[Path]:
    """Lift the pen somewhere in a long line, seldom."""
    if len(path) < 6 or length(path) < BOX / 4 or not canvas.chance(canvas.style.break_chance):
        return [path]
    # Both halves have the point of the cut, as when the pen is set down where it was lifted.
    cut = canvas.integer(2, len(path) - 3)
    return [path[: cut + 1], path[cut:]]
