"""Outlines that are drawn twice to look sketched, by rough.js (Excalidraw), taken once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from instancesketch.formats.vector.flatten import Points
from instancesketch.formats.vector.middle_line import offsets, resample
from instancesketch.formats.vector.painted import Outline

_ROUGHNESS = 4.5  # pixels, of Excalidraw's shapes
_MOST_ROUGHNESS = 8.0  # of those that are set to be sketched roughly
_MOST_GAP = 12.0  # between two sides of those
_LEAST_CHAIN = 4.0  # of that: how long the sides of a shape are together
_MOST_SIDES = 100  # of an outline that may be drawn twice


def drawn_once(outlines: Sequence[Outline]) -> list[Outline]:
    """Return outlines of which those that are drawn twice are there once."""
    found = [_without_doubles(outline, _ROUGHNESS) for outline in outlines]
    # What may be two lines in one place, or one drawn very roughly, the rest of the file decides.
    rough = [_without_doubles(outline, _MOST_ROUGHNESS) for outline in outlines]
    is_sketchy = any(map(_differ, outlines, found)) or sum(map(_differ, outlines, rough)) > 1
    return rough if is_sketchy else found


def _differ(a: Outline, b: Outline) -> bool:
    return a is not b


def _without_doubles(outline: Outline, roughness: float) -> Outline:
    """Return a shape of which each line is followed by another along it with the first alone."""
    lines = outline.lines
    if not outline.stroked or not 2 <= len(lines) <= _MOST_SIDES or len(lines) % 2:
        return outline
    if min(map(len, lines)) < 2:
        return outline
    if len(lines) > 2 and _is_double_chain(lines):
        return replace(outline, lines=(np.concatenate(lines[::2]),))
    pairs = list(zip(lines[::2], lines[1::2], strict=True))
    near = [_reach(a, max(roughness, 2 * outline.width)) for a, _ in pairs]
    if not all(_runs_along(*pair, most) for pair, most in zip(pairs, near, strict=True)):
        return outline
    if all(_are_parallel(*pair) for pair in pairs):
        return outline
    joined = [pairs[0][0]]
    for (line, _), (before, _), most in zip(pairs[1:], pairs[:-1], near[1:], strict=True):
        # The sides of a shape are lines of their own, which nearly meet.
        if float(np.hypot(*(line[0] - before[-1]))) <= most:
            joined[-1] = np.concatenate([joined[-1], line])
        else:
            joined.append(line)
    return replace(outline, lines=tuple(joined))


def _is_double_chain(lines: Sequence[Points]) -> bool:
    """Return whether lines are the sides of a shape, each of them twice: even if they are short."""
    ends = np.array([(line[0], line[-1]) for line in lines])
    first, second = ends[::2], ends[1::2]
    gaps = np.concatenate([side[1:, 0] - side[:-1, 1] for side in (first, second)])
    apart = (first - second).reshape(-1, 2)
    # Where two sides meet, each has been moved.
    if np.hypot(*apart.T).max() > _MOST_ROUGHNESS or np.hypot(*gaps.T).max() > _MOST_GAP:
        return False
    one, other = np.concatenate(lines[::2]), np.concatenate(lines[1::2])
    is_long = _length(one) > _LEAST_CHAIN * _MOST_ROUGHNESS
    return is_long and _runs_along(one, other, _MOST_ROUGHNESS)


def _length(points: Points) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def _reach(line: Points, roughness: float) -> float:
    """Return how far rough.js may have moved a line's points from those of its double."""
    # Of short lines, and of rings in each other, any two would be near.
    share = 0.03 if _is_loop(line) else 0.12
    return min(roughness, share * _length(line))


def _is_loop(line: Points) -> bool:
    return float(np.hypot(*(line[0] - line[-1]))) < _length(line) / 4


def _runs_along(a: Points, b: Points, near: float) -> bool:
    if not 0.7 < (_length(a) + 1e-9) / (_length(b) + 1e-9) < 1.4:
        return False
    # By the nearest points, since two loops around may begin in different places.
    one, other = resample(a, 96), resample(b, 96)
    return max(abs(offsets(one, other)).max(), abs(offsets(other, one)).max()) <= near


def _are_parallel(a: Points, b: Points) -> bool:
    """Return whether a line is another one moved, or a ring around it: no shaking hand's work."""
    one, other = resample(a, 48), resample(b, 48)
    if _is_loop(a):
        inside = (offsets(one, other) > 0).mean()
        return bool(not 0.1 < inside < 0.9 and (a.shape != b.shape or (a != b).any()))
    moved = float(np.hypot(*(one - other).mean(axis=0)))
    return moved > 0 and moved > 30 * float(np.hypot(*(one - other).std(axis=0)))
