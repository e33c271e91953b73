"""Geometric paths: every function returns points (n, 2), x right and y down.

A path holds as many points as its shape needs. `DrawingStyle.ink` spaces them evenly and adds
tremor and the other marks of a drawing hand.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Path = npt.NDArray[np.float64]
Point = tuple[float, float]


def polyline(*points: Point) -> Path:
    """Return straight lines from point to point."""
    return np.array(points, np.float64)


def curve(*points: Point, closed: bool = False, steps: int = 8) -> Path:
    """Return a Catmull-Rom spline through the points (Catmull and Rom 1974)."""
    return spline(np.array(points, np.float64), closed=closed, steps=steps)


def spline(nodes: Path, closed: bool = False, steps: int = 8) -> Path:
    """Return a Catmull-Rom spline through the points of a path, `steps` points per segment."""
    # A spline needs a node beyond either end: the neighbour on a closed path, else the end itself.
    before, after = (nodes[-1:], nodes[:2]) if closed else (nodes[:1], nodes[-1:])
    padded = np.concatenate([before, nodes, after])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    # All segments at once: node i of each with the three after it.
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    bent = p1 + t * (
        (p2 - p0) / 2
        + t * ((p0 - 2.5 * p1 + 2 * p2 - p3 / 2) + t * (1.5 * (p1 - p2) + (p3 - p0) / 2))
    )
    return np.concatenate([bent.reshape(-1, 2), padded[-2:-1]])


def ellipse(
    x: float, y: float, rx: float, ry: float, *, start: float = 0, turns: float = 1, tilt: float = 0
) -> Path:
    """Return an ellipse about (x, y), or an arc of one.

    Args:
        x: centre.
        y: centre.
        rx: radius along x before tilting.
        ry: radius along y before tilting.
        start: where it begins, in turns: 0 is right, 0.25 is down.
        turns: how far it goes round; below 1 it leaves a gap, above 1 it overshoots, and a
            negative number goes anticlockwise.
        tilt: rotation about the centre, in turns.
    """
    # As many points per turn whatever the radius; inking resamples them anyway.
    angle = 2 * np.pi * (start + np.linspace(0, turns, max(8, int(40 * abs(turns)))))
    return rotate(np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], 1), tilt, (x, y))


def spiral(x: float, y: float, radius: float, turns: float) -> Path:
    """Return a spiral from the centre outwards."""
    # Begins a twentieth out: at radius 0 the first points would coincide.
    share = np.linspace(0.05, 1, max(8, int(30 * turns)))
    angle = 2 * np.pi * turns * share
    return np.stack([x + radius * share * np.cos(angle), y + radius * share * np.sin(angle)], 1)


def rectangle(left: float, top: float, right: float, bottom: float) -> Path:
    """Return a closed box that begins at its upper left corner."""
    return polyline((left, top), (right, top), (right, bottom), (left, bottom), (left, top))


def teardrop(base: Point, tip: Point, width: float) -> Path:
    """Return a leaf or petal: from its base round its tip and back; `width` is for its length."""
    (x, y), (dx, dy) = base, (tip[0] - base[0], tip[1] - base[1])
    t = np.linspace(0, 2 * np.pi, 28)
    # sin(t / 2) vanishes at both ends, which makes the base pointed and the tip round.
    along, across = (1 - np.cos(t)) / 2, np.sin(t) * np.sin(t / 2) * width / 1.5
    return np.stack([x + along * dx - across * dy, y + along * dy + across * dx], 1)


def zigzag(start: Point, end: Point, count: int, width: float) -> Path:
    """Return `count` lines to and fro across the line from start to end."""
    t = np.linspace(0, 1, count + 1)
    origin, axis = np.array(start), np.array(end) - np.array(start)
    across = np.array([-axis[1], axis[0]]) / max(np.hypot(*axis), 1e-9)
    # Even points on one side, odd ones on the other.
    swing = np.where(np.arange(count + 1) % 2 == 0, -width / 2, width / 2)
    return origin + t[:, None] * axis + swing[:, None] * across


def hatching(x: float, y: float, rx: float, ry: float, count: int, angle: float) -> Path:
    """Return a scribble that fills an ellipse, hatched at an angle in turns."""
    # Stops short of the rim, where hatches have no length.
    t = np.linspace(-0.95, 0.95, count + 1)
    reach = np.sqrt(1 - t * t) * np.where(np.arange(count + 1) % 2 == 0, -1, 1)
    cos, sin = np.cos(2 * np.pi * angle), np.sin(2 * np.pi * angle)
    return np.stack([x + rx * (cos * t - sin * reach), y + ry * (sin * t + cos * reach)], 1)


def scallops(outline: Path, cuts: npt.ArrayLike, depth: float | Path, pinch: float = 0) -> Path:
    """Return bulges along an outline, away from its middle, as of a cloud or of curled petals.

    Args:
        outline: the path that the bulges stand on.
        cuts: where bulges meet, as fractions of its length, in order.
        depth: height of a bulge over its width; one for all, or one each.
        pinch: above 0 a bulge is wider than its foot; below pi / 2.
    """
    nodes = points_at(outline, cuts)
    middle = outline.mean(axis=0)
    # An arc of more than half a turn is pinched at its foot.
    angle = np.linspace(-pinch, np.pi + pinch, 12)
    along = 0.5 - np.cos(angle) / (2 * np.cos(pinch))
    up = (np.sin(angle) + np.sin(pinch)) / (1 + np.sin(pinch))
    bulges = []
    depths = np.broadcast_to(depth, len(nodes) - 1)
    for a, b, height in zip(nodes[:-1], nodes[1:], depths, strict=True):
        chord = b - a
        normal = np.array([chord[1], -chord[0]])
        # Outlines run either way round, so the direction doesn't give the normal's sign.
        if normal @ ((a + b) / 2 - middle) < 0:
            normal = -normal
        bulges.append(a + along[:, None] * chord + (height * up)[:, None] * normal)
    return np.concatenate(bulges)


def spikes(outline: Path, cuts: npt.ArrayLike, depth: float) -> Path:
    """Return teeth along an outline, away from its middle: a mane, or a sun's rays in one line."""
    nodes = points_at(outline, cuts)
    middle = outline.mean(axis=0)
    tips = (nodes[:-1] + nodes[1:]) / 2
    outward = tips - middle
    outward /= np.maximum(np.hypot(*outward.T), 1e-9)[:, None]
    # Feet and tips alternate.
    woven = np.empty((2 * len(nodes) - 1, 2))
    woven[::2], woven[1::2] = nodes, tips + depth * outward
    return woven


def rotate(path: Path, turns: float, about: Point = (0, 0)) -> Path:
    """Rotate a path about a point, clockwise as seen (y points down)."""
    # Points are rows, so the matrix is the transpose of the usual one.
    cos, sin = np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)
    return (path - about) @ np.array([[cos, sin], [-sin, cos]]) + about


def extend(path: Path, before: float, after: float) -> Path:
    """Return a path that begins and ends so much farther out, straight on from its ends."""
    ends = []
    # The direction over a tenth of the path, lest a tremor at its very end turn the line aside.
    for tip, inner, reach in ((0, 0.1, before), (1, 0.9, after)):
        end, back = points_at(path, [tip, inner])
        out = end - back
        ends.append(end + reach * out / max(float(np.hypot(*out)), 1e-9))
    return np.concatenate([[ends[0]], path, [ends[1]]])


def length(path: Path) -> float:
    """Return the length of a path."""
    return float(np.hypot(*np.diff(path, axis=0).T).sum())


def points_at(path: Path, fractions: npt.ArrayLike) -> Path:
    """Return the points at fractions of a path's length, 0 its start and 1 its end."""
    travelled = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    distances = np.clip(np.asarray(fractions, np.float64), 0, 1) * travelled[-1]
    points = np.empty((*distances.shape, 2))
    points[..., 0] = np.interp(distances, travelled, path[:, 0])
    points[..., 1] = np.interp(distances, travelled, path[:, 1])
    return points


def place(path: Path, x: float, y: float, size: float = 1) -> Path:
    """Scale a path that is drawn about (0, 0) in units of `size`, and move it to (x, y)."""
    return path * size + (x, y)


def warp(path: Path, centre: Path, radius: float, coefficients: Path) -> Path:
    """Distort a path by a quadratic of the place: `coefficients` (3, 2) of x², xy and y².

    x and y count from `centre`, in units of `radius`.
    """
    x, y = ((path - centre) / radius).T
    return path + np.stack([x * x, x * y, y * y], 1) @ coefficients


def is_nearly_closed(path: Path) -> bool:
    """Return whether a path ends within a quarter of its longer side of where it begins."""
    gap = float(np.hypot(*(path[0] - path[-1])))
    return gap < 0.25 * float(np.ptp(path, axis=0).max())


def join(paths: Sequence[Path]) -> Path:
    """Join paths end to end, as drawn without lifting the pen."""
    return np.concatenate(list(paths))


def simplify(path: Path, tolerance: float) -> Path:
    """Drop points that are nearer than `tolerance` to the line between their neighbours.

    Ramer 1972, Douglas and Peucker 1973; Quick, Draw! simplified its drawings so, with 2.0.
    """
    return path[mark_bends(path, tolerance)]


def mark_bends(path: Path, tolerance: float) -> npt.NDArray[np.bool_]:
    """Return which points `simplify` keeps, (n,)."""
    keep = np.zeros(len(path), bool)
    keep[[0, -1]] = True
    # A stack and no recursion: a spiral of many points would go too deep.
    spans = [(0, len(path) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        chord = path[last] - path[first]
        inner = path[first + 1 : last] - path[first]
        # Distance to the segment, not to the infinite line: a path that turns back keeps its tip.
        fraction = np.clip(inner @ chord / max(chord @ chord, 1e-12), 0, 1)
        distance = np.hypot(*(inner - fraction[:, None] * chord).T)
        farthest = int(np.argmax(distance))
        if distance[farthest] > tolerance:
            keep[first + 1 + farthest] = True
            spans += [(first, first + 1 + farthest), (first + 1 + farthest, last)]
    return keep
