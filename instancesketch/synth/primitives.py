"""Lines without a hand: every function returns a path (n, 2), x right and y down.

Paths hold as many points as their shape needs. Evenly spaced points, tremor and the rest are the
hand's affair.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Path = npt.NDArray[np.float64]
Point = tuple[float, float]


def polyline(*points: Point) -> Path:
    """Straight from point to point."""
    return np.array(points, np.float64)


def curve(*points: Point, closed: bool = False, steps: int = 8) -> Path:
    """A Catmull-Rom spline through the points (Catmull and Rom 1974)."""
    return through(np.array(points, np.float64), closed=closed, steps=steps)


def through(nodes: Path, closed: bool = False, steps: int = 8) -> Path:
    """As `curve`, through the points of a path."""
    before, after = (nodes[-1:], nodes[:2]) if closed else (nodes[:1], nodes[-1:])
    padded = np.concatenate([before, nodes, after])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    bent = p1 + t * (
        (p2 - p0) / 2
        + t * ((p0 - 2.5 * p1 + 2 * p2 - p3 / 2) + t * (1.5 * (p1 - p2) + (p3 - p0) / 2))
    )
    return np.concatenate([bent.reshape(-1, 2), padded[-2:-1]])


def ellipse(
    x: float, y: float, rx: float, ry: float, *, start: float = 0, turns: float = 1, tilt: float = 0
) -> Path:
    """An ellipse about (x, y); `turns` below 1 leaves a gap or an arc, above 1 it overshoots.

    Angles are in turns too: 0 is right, 0.25 is down. A negative number goes the other way.
    """
    angle = 2 * np.pi * (start + np.linspace(0, turns, max(8, int(40 * abs(turns)))))
    return turned(np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], 1), tilt, (x, y))


def spiral(x: float, y: float, radius: float, turns: float) -> Path:
    """A spiral from the middle outwards."""
    share = np.linspace(0.05, 1, max(8, int(30 * turns)))
    angle = 2 * np.pi * turns * share
    return np.stack([x + radius * share * np.cos(angle), y + radius * share * np.sin(angle)], 1)


def rectangle(left: float, top: float, right: float, bottom: float) -> Path:
    """A closed box from its upper left corner."""
    return polyline((left, top), (right, top), (right, bottom), (left, bottom), (left, top))


def drop(base: Point, tip: Point, width: float) -> Path:
    """A leaf or petal: from its base round by its tip and back to the base."""
    (x, y), (dx, dy) = base, (tip[0] - base[0], tip[1] - base[1])
    t = np.linspace(0, 2 * np.pi, 28)
    along, across = (1 - np.cos(t)) / 2, np.sin(t) * np.sin(t / 2) * width / 1.5
    return np.stack([x + along * dx - across * dy, y + along * dy + across * dx], 1)


def zigzag(start: Point, end: Point, count: int, width: float) -> Path:
    """To and fro across the way from start to end, `count` times."""
    t = np.linspace(0, 1, count + 1)
    a, way = np.array(start), np.array(end) - np.array(start)
    across = np.array([-way[1], way[0]]) / max(np.hypot(*way), 1e-9)
    swing = np.where(np.arange(count + 1) % 2 == 0, -width / 2, width / 2)
    return a + t[:, None] * way + swing[:, None] * across


def hatching(x: float, y: float, rx: float, ry: float, count: int, angle: float) -> Path:
    """A scribble that fills an ellipse, hatched at an angle in turns."""
    t = np.linspace(-0.95, 0.95, count + 1)
    reach = np.sqrt(1 - t * t) * np.where(np.arange(count + 1) % 2 == 0, -1, 1)
    cos, sin = np.cos(2 * np.pi * angle), np.sin(2 * np.pi * angle)
    return np.stack([x + rx * (cos * t - sin * reach), y + ry * (sin * t + cos * reach)], 1)


def scallops(outline: Path, cuts: npt.ArrayLike, depth: float | Path, pinch: float = 0) -> Path:
    """Bulges along an outline, outwards from its middle, as of a cloud or of petals in one curl.

    Args:
        outline: what the bulges stand on.
        cuts: where bulges meet, as shares of its length, in order.
        depth: height of a bulge for its width; one for all, or one each.
        pinch: above 0 a bulge is wider than its foot; below pi / 2.
    """
    nodes = at(outline, cuts)
    middle = outline.mean(axis=0)
    angle = np.linspace(-pinch, np.pi + pinch, 12)
    along = 0.5 - np.cos(angle) / (2 * np.cos(pinch))
    up = (np.sin(angle) + np.sin(pinch)) / (1 + np.sin(pinch))
    pieces = []
    depths = np.broadcast_to(depth, len(nodes) - 1)
    for a, b, high in zip(nodes[:-1], nodes[1:], depths, strict=True):
        way = b - a
        normal = np.array([way[1], -way[0]])
        if normal @ ((a + b) / 2 - middle) < 0:
            normal = -normal
        pieces.append(a + along[:, None] * way + (high * up)[:, None] * normal)
    return np.concatenate(pieces)


def spikes(outline: Path, cuts: npt.ArrayLike, depth: float) -> Path:
    """Teeth along an outline, outwards: a mane, or the rays of a sun in one stroke."""
    nodes = at(outline, cuts)
    middle = outline.mean(axis=0)
    tips = (nodes[:-1] + nodes[1:]) / 2
    away = tips - middle
    away /= np.maximum(np.hypot(*away.T), 1e-9)[:, None]
    woven = np.empty((2 * len(nodes) - 1, 2))
    woven[::2], woven[1::2] = nodes, tips + depth * away
    return woven


def turned(path: Path, turns: float, about: Point = (0, 0)) -> Path:
    """Rotates about a point, clockwise as seen."""
    cos, sin = np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)
    return (path - about) @ np.array([[cos, sin], [-sin, cos]]) + about


def length(path: Path) -> float:
    """Length of the way along a path."""
    return float(np.hypot(*np.diff(path, axis=0).T).sum())


def at(path: Path, shares: npt.ArrayLike) -> Path:
    """Points at shares of a path's length, 0 its start and 1 its end."""
    way = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    wanted = np.clip(np.asarray(shares, np.float64), 0, 1) * way[-1]
    points = np.empty((*wanted.shape, 2))
    points[..., 0] = np.interp(wanted, way, path[:, 0])
    points[..., 1] = np.interp(wanted, way, path[:, 1])
    return points


def placed(path: Path, x: float, y: float, size: float = 1) -> Path:
    """A path drawn about (0, 0) in units of `size`, moved to (x, y)."""
    return path * size + (x, y)


def joined(paths: Sequence[Path]) -> Path:
    """One path after the other without lifting the pen."""
    return np.concatenate(list(paths))


def simplified(path: Path, tolerance: float) -> Path:
    """Leaves out points that are nearer than `tolerance` to the line of their neighbours.

    Ramer 1972, Douglas and Peucker 1973: what Quick, Draw! did to its drawings, with 2.0.
    """
    keep = np.zeros(len(path), bool)
    keep[[0, -1]] = True
    todo = [(0, len(path) - 1)]
    while todo:
        first, last = todo.pop()
        if last - first < 2:
            continue
        way = path[last] - path[first]
        rest = path[first + 1 : last] - path[first]
        # To the line between them, not beyond its ends: a line that turns back keeps its tip.
        share = np.clip(rest @ way / max(way @ way, 1e-12), 0, 1)
        off = np.hypot(*(rest - share[:, None] * way).T)
        far = int(np.argmax(off))
        if off[far] > tolerance:
            keep[first + 1 + far] = True
            todo += [(first, first + 1 + far), (first + 1 + far, last)]
    return path[keep]
