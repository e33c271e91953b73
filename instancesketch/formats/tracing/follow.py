"""Follow the lines of a graph through its crossings, and make strokes of them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage import measure

from instancesketch.formats.tracing.skeleton import Chain, Graph

Floats = npt.NDArray[np.float64]
Half = tuple[int, int]  # a chain's number, and which of its ends

_BRIDGE = 1.3  # times the width: crossings that lie closer are one
_SPUR = 1.6  # times the half width of the ink that it sticks out of
_SMOOTH = 0.5  # times the width: the deviation of the mean along a line
_TOLERANCE = 0.35  # pixels that a polyline may lie beside the smoothed line
_MOST_TURN = math.radians(25)  # of a line that goes on through a crossing
_LOOK = 4.0  # times the width: how far along a line its direction is measured


_TO_RIGHT = 0.7  # what a pixel to the right counts beside one down, in where a hand begins


def follow(graph: Graph) -> list[Floats]:
    """Return strokes, (points, 2) each, in the order of rows."""
    node = _merge_crossings(graph)
    chains = [c for c in graph.chains if not _is_inside(c, node, graph)]
    chains = _drop_spurs(chains, node, graph)
    partner = _pair(chains, node, graph)
    lines = [*_join(chains, partner), *(c.points for c in chains if c.ends is None)]
    # What the crossings have swallowed whole was a dot, or a line no longer than wide.
    lines += _dots(graph, chains, node)
    return [as_drawn(_smooth(line, graph.width)) for line in lines]


def as_drawn(line: Floats) -> Floats:
    """Return a line in the direction in which most hands draw it.

    Networks learn from how people draw: lines go down and to the right (80 % of the length in
    drawings of doodle7), rings begin at the top and go down on the left (54 %).
    """
    if len(line) > 2 and (line[0] == line[-1]).all():
        ring = line[:-1]
        begin = int((ring[:, 0] * _TO_RIGHT + ring[:, 1]).argmin())
        ring = np.roll(ring, -begin, axis=0)
        ring = np.concatenate([ring, ring[:1]])
        x, y = (ring - ring[0]).T
        clockwise = float(x[:-1] @ y[1:] - y[:-1] @ x[1:]) > 0
        return ring[::-1] if clockwise else ring
    dx, dy = line[-1] - line[0]
    return line[::-1] if dx * _TO_RIGHT + dy < 0 else line


def _merge_crossings(graph: Graph) -> dict[int, int]:
    """Return for each node the one that stands for all of its crossing."""
    parent = {i: i for i in graph.place}

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for chain in graph.chains:
        if chain.ends is None or not graph.meets.issuperset(chain.ends):
            continue
        a, b = chain.ends
        if a != b and chain.length <= _reach(graph, a, b) * _BRIDGE:
            parent[find(a)] = find(b)
    return {i: find(i) for i in parent}


def _reach(graph: Graph, a: int, b: int) -> float:
    return max(graph.width, graph.radius[a] + graph.radius[b])


def _is_inside(chain: Chain, node: dict[int, int], graph: Graph) -> bool:
    """Return whether a chain is a part of one crossing."""
    if chain.ends is None:
        return False
    a, b = chain.ends
    return a != b and node[a] == node[b] and chain.length <= _reach(graph, a, b) * _BRIDGE


def _drop_spurs(chains: list[Chain], node: dict[int, int], graph: Graph) -> list[Chain]:
    """Return the chains but for those that stick out of a line no farther than its edge."""
    at = _incident(chains, node)
    dropped: set[int] = set()
    for i in sorted(range(len(chains)), key=lambda i: chains[i].length):
        ends = chains[i].ends
        if ends is None:
            continue
        inner = [e for e in ends if e in graph.meets]
        if len(inner) != 1 or chains[i].length > _SPUR * graph.radius[inner[0]] + 1:
            continue
        here = at[node[inner[0]]]
        # Of a short thick line, all of whose ends are spurs, the longest two stay.
        if len(here) - sum(h[0] in dropped for h in here) > 2:
            dropped.add(i)
    return [c for i, c in enumerate(chains) if i not in dropped]


def _incident(chains: list[Chain], node: dict[int, int]) -> dict[int, list[Half]]:
    at: dict[int, list[Half]] = {}
    for i, chain in enumerate(chains):
        if chain.ends is not None:
            for side in (0, 1):
                at.setdefault(node[chain.ends[side]], []).append((i, side))
    return at


def _pair(chains: list[Chain], node: dict[int, int], graph: Graph) -> dict[Half, Half]:
    """Return for each end of a chain the one that its line goes on with, where there is one."""
    partner: dict[Half, Half] = {}
    for here in _incident(chains, node).values():
        if len(here) < 2:
            continue
        pairs = [here] if len(here) == 2 else _straightest(here, chains, graph)
        for a, b in pairs:
            partner[a], partner[b] = b, a
    return partner


def _straightest(here: list[Half], chains: list[Chain], graph: Graph) -> list[tuple[Half, Half]]:
    directions = {half: _direction(chains[half[0]], half[1], graph) for half in here}
    turns = []
    for a, b in itertools.combinations(here, 2):
        cosine = -float(directions[a] @ directions[b])
        turn = math.acos(min(1.0, max(-1.0, cosine)))
        if turn <= _MOST_TURN:
            turns.append((turn, a, b))
    pairs: list[tuple[Half, Half]] = []
    taken: set[Half] = set()
    for _, a, b in sorted(turns):
        if a not in taken and b not in taken:
            pairs.append((a, b))
            taken |= {a, b}
    return pairs


def _direction(chain: Chain, side: int, graph: Graph) -> Floats:
    """Return where a chain leads from one of its ends, beyond the blur of the crossing."""
    points = chain.points if side == 0 else chain.points[::-1]
    along = np.concatenate([[0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
    begin = min(graph.width * 0.75, along[-1] / 3)
    end = min(begin + _LOOK * graph.width, along[-1])
    kept = points[(along >= begin) & (along <= end)]
    if len(kept) < 2:
        kept = points[[0, -1]]
    vector = kept[len(kept) // 2 :].mean(0) - kept[0] if len(kept) > 4 else kept[-1] - kept[0]
    unit: Floats = vector / max(float(np.hypot(*vector)), 1e-9)
    return unit


def _join(chains: list[Chain], partner: dict[Half, Half]) -> list[Floats]:
    """Return the points of chains joined end to end."""
    lines, done = [], set()
    halves = [(i, side) for i, c in enumerate(chains) if c.ends is not None for side in (0, 1)]
    # Open lines from their ends, then what is closed from anywhere.
    for begin in [h for h in halves if h not in partner] + halves:
        if begin[0] in done:
            continue
        pieces, half, closed = [], begin, False
        while True:
            number, side = half
            done.add(number)
            points = chains[number].points
            pieces.append(points if side == 0 else points[::-1])
            following = partner.get((number, 1 - side))
            if following is None or following[0] in done:
                closed = following is not None and following == begin
                break
            half = following
        if closed:
            pieces.append(pieces[0][:1])
        lines.append(np.concatenate(pieces))
    return lines


def _dots(graph: Graph, chains: list[Chain], node: dict[int, int]) -> list[Floats]:
    left = {node[e] for c in chains if c.ends is not None for e in c.ends}
    lost: dict[int, list[tuple[float, float]]] = {}
    for i, place in graph.place.items():
        if node[i] not in left and i in graph.meets:
            lost.setdefault(node[i], []).append(place)
    return [np.mean(places, 0)[None] for places in lost.values()]


def _smooth(line: Floats, width: float) -> Floats:
    """Return a line without the steps of its pixels; a dot for what is no longer than wide."""
    keep = np.ones(len(line), bool)
    keep[1:] = np.abs(np.diff(line, axis=0)).sum(1) > 0
    line = line[keep]
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    if length <= 0.75 * width or len(line) < 3:
        return line.mean(0)[None]
    closed = bool((np.abs(line[0] - line[-1]) <= 1).all()) and len(line) > 8
    sigma = max(1.0, _SMOOTH * width)
    if closed:
        body = line[:-1] if (line[0] == line[-1]).all() else line
        smooth = ndimage.gaussian_filter1d(body, sigma, axis=0, mode="wrap")
        smooth = np.concatenate([smooth, smooth[:1]])
    else:
        # Mirrored in its ends, so that they stay where they are.
        count = min(len(line) - 1, int(3 * sigma) + 1)
        head = 2 * line[0] - line[count:0:-1]
        tail = 2 * line[-1] - line[-2 : -count - 2 : -1]
        whole = ndimage.gaussian_filter1d(np.concatenate([head, line, tail]), sigma, 0, truncate=3)
        smooth = whole[count : count + len(line)]
    return _simplify(smooth, closed, _TOLERANCE)


def _simplify(line: Floats, closed: bool, tolerance: float) -> Floats:
    """Return the fewest of a line's points that describe it."""
    if not closed:
        simple: Floats = measure.approximate_polygon(line, tolerance)
        return simple
    # A line whose ends are one point has no direction to measure distances from.
    far = int(np.hypot(*(line - line[0]).T).argmax())
    halves = [measure.approximate_polygon(p, tolerance) for p in (line[: far + 1], line[far:])]
    return np.concatenate([halves[0], halves[1][1:]])
