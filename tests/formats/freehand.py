"""Pen strokes as drawing programs write them into SVG, made from known points."""

from itertools import pairwise

import numpy as np


def outline(points: np.ndarray, size: float, taper: bool = False) -> np.ndarray:
    """Return the outline of a pen stroke as perfect-freehand makes it: sides and round caps."""
    steps = np.gradient(points, axis=0)
    along = steps / np.hypot(*steps.T)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    n = len(points)
    # Pressure that rises and falls, as a pen's does.
    pressure = 0.7 + 0.3 * np.sin(np.linspace(0, 3 * np.pi, n))
    if taper:
        pressure = pressure * np.minimum(1, np.linspace(0.05, 4, n)) * np.linspace(1, 0.1, n)
    radius = (size / 2 * pressure)[:, None]
    left, right = points + across * radius, points - across * radius
    angle = np.linspace(0, np.pi, 8)[1:-1, None]
    last, first = points[-1], points[0]
    # From the left side over the front to the right, and back over the rear.
    end = last + radius[-1] * (across[-1] * np.cos(angle) + along[-1] * np.sin(angle))
    start = first + radius[0] * (-across[0] * np.cos(angle) - along[0] * np.sin(angle))
    return np.concatenate([left, end, right[::-1], start])


def filled_path(ring: np.ndarray) -> str:
    """Return a path of quadratic curves through the middles of an outline's sides."""
    middles = (ring + np.roll(ring, -1, axis=0)) / 2
    pieces = [f"M{middles[-1][0]:.2f},{middles[-1][1]:.2f}"]
    pieces += [
        f"Q{p[0]:.2f},{p[1]:.2f} {m[0]:.2f},{m[1]:.2f}" for p, m in zip(ring, middles, strict=True)
    ]
    return f'<path d="{" ".join(pieces)}Z" stroke="none" fill="#1e1e1e"/>'


def svg(*inside: str, width: int = 400, height: int = 300, background: bool = True) -> bytes:
    page = f'<rect x="0" y="0" width="{width}" height="{height}" fill="#ffffff"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
    return f"{head}{page if background else ''}{''.join(inside)}</svg>".encode()


def signature_pad(*strokes: np.ndarray, dots: tuple[tuple[float, float], ...] = ()) -> bytes:
    """Return strokes as signature_pad 4 writes them: a path for each curve, of changing width."""
    paths = []
    for stroke in strokes:
        for i, (a, b) in enumerate(pairwise(stroke)):
            c, d = a + (b - a) / 3, a + (b - a) * 2 / 3
            paths.append(
                f'<path d="M {a[0]:.3f},{a[1]:.3f} C {c[0]:.3f},{c[1]:.3f} {d[0]:.3f},{d[1]:.3f} '
                f'{b[0]:.3f},{b[1]:.3f}" stroke-width="{2 + 0.3 * (i % 4):.3f}" stroke="black" '
                'fill="none" stroke-linecap="round"></path>'
            )
    paths += [f'<circle r="1.5" cx="{x}" cy="{y}" fill="black"></circle>' for x, y in dots]
    return svg(*paths, background=False)


def rough(points: np.ndarray, seed: int, closed: bool = False, shake: float = 1.5) -> str:
    """Return a line as rough.js draws it: each side twice, a little off."""
    ring = np.concatenate([points, points[:1]]) if closed else points
    return _sketchy(list(pairwise(ring)), seed, 2, shake=shake)


def hatched(polygon: np.ndarray, style: str, seed: int, doubled: bool = True) -> str:
    """Return a fill as rough.js draws it before the outline: one path of many lines."""
    lines = _scan(polygon, -41)
    gap, aside = 8.0, np.array([np.cos(-0.72), -np.sin(-0.72)]) * 4
    if style == "cross-hatch":
        lines += _scan(polygon, 49)
    if style == "zigzag":
        lines = [pair for a, b in lines for pair in ((a - aside, b), (a + aside, b))]
    if style == "dashed":
        lines = [piece for line in lines for piece in _pieces(*line, gap, 2)]
    if style == "zigzag-line":
        square = np.array([[0.5, -0.5], [0.5, 0.5]])
        pieces = [piece for line in lines for piece in _pieces(*line, gap * 1.5, 1)]
        turns = [(a, a + square @ (b - a), b) for a, b in pieces]
        lines = [pair for a, turn, b in turns for pair in ((a, turn), (turn, b))]
    return _sketchy(lines, seed, 1 + doubled, width=1, shake=1.0)


Lines = list[tuple[np.ndarray, np.ndarray]]


def _scan(polygon: np.ndarray, degrees: float, gap: float = 8.0) -> Lines:
    """Return parallel lines through a polygon, from edge to edge."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = polygon @ turn.T
    lines = []
    for y in np.arange(turned[:, 1].min() + gap, turned[:, 1].max(), gap):
        ends = zip(turned, np.roll(turned, -1, axis=0), strict=True)
        cut = sorted(
            a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
            for a, b in ends
            if (a[1] <= y) != (b[1] <= y)
        )
        for left, right in zip(cut[::2], cut[1::2], strict=True):
            lines.append((np.array([left, y]) @ turn, np.array([right, y]) @ turn))
    return lines


def _pieces(a: np.ndarray, b: np.ndarray, size: float, every: int) -> Lines:
    """Return pieces of a line of about a size, each one or each second."""
    number = max(int(np.hypot(*(b - a)) / size), 1)
    at = [a + (b - a) * t for t in np.linspace(0, 1, number + 1)]
    return list(pairwise(at))[::every]


def _sketchy(lines: Lines, seed: int, times: int, width: float = 2, shake: float = 1.5) -> str:
    generator = np.random.default_rng(seed)
    text = []
    for a, b in lines:
        for _ in range(times):
            p, q = (end + generator.uniform(-shake, shake, 2) for end in (a, b))
            wobble = min(1.0, float(np.hypot(*(b - a))) / 20)
            c, d = (p + (q - p) * t + generator.uniform(-wobble, wobble, 2) for t in (0.4, 0.6))
            text.append(
                f"M{p[0]:.2f} {p[1]:.2f}C{c[0]:.2f} {c[1]:.2f},{d[0]:.2f} {d[1]:.2f},"
                f"{q[0]:.2f} {q[1]:.2f}"
            )
    return f'<path d="{" ".join(text)}" stroke="#1e1e1e" stroke-width="{width}" fill="none"/>'
