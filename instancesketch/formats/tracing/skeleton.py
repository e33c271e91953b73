"""The middle lines of ink as a graph: chains of pixels between ends and crossings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.morphology import skeletonize

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_SIDES = ((0, 1), (1, 0), (0, -1), (-1, 0))
_CORNERS = ((1, 1), (1, -1), (-1, -1), (-1, 1))
_SPECK = 0.35  # of the square of a line's width: what is smaller is dirt


@dataclass
class Chain:
    """A line of the graph: pixels from node to node; without nodes it is closed, or a dot."""

    points: Floats  # (n, 2) x and y of the pixels, those of the nodes included
    ends: tuple[int, int] | None  # nodes

    @property
    def length(self) -> float:
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())


@dataclass
class Graph:
    """Chains, and what is known about their nodes."""

    chains: list[Chain] = field(default_factory=list)
    # Of each node its place, the half width of the ink there, and whether lines meet there.
    place: dict[int, tuple[float, float]] = field(default_factory=dict)
    radius: dict[int, float] = field(default_factory=dict)
    meets: set[int] = field(default_factory=set)
    width: float = 1.0  # of most lines


def clean(ink: Mask, width: float) -> Mask:
    """Return ink without specks and pinholes that are small beside a line's width."""
    most = max(2.0, _SPECK * width * width)
    labels, _ = ndimage.label(ink, np.ones((3, 3)))
    ink = ink & (np.bincount(labels.ravel())[labels] > most)
    labels, _ = ndimage.label(~ink)
    filled: Mask = ink | (np.bincount(labels.ravel())[labels] <= most)
    return filled


def thin(ink: Mask) -> tuple[Mask, Floats, float]:
    """Return the middle lines of ink, the half width at each pixel, and the width of most lines."""
    middle: Mask = skeletonize(ink)
    # Beyond the edge there is paper.
    half = ndimage.distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1]
    width = float(np.median(half[middle])) * 2 - 1 if middle.any() else 1.0
    return middle, half, max(width, 1.0)


def build_graph(middle: Mask, half: Floats, width: float) -> Graph:
    """Return the graph of middle lines."""
    rows, columns = np.nonzero(middle)
    neighbours = _neighbours(middle, rows, columns)
    degree = [len(n) for n in neighbours]
    points = np.stack([columns, rows], 1).astype(float)
    graph = Graph(width=width)
    radii = half[rows, columns]
    for i, n in enumerate(degree):
        if n != 2:
            graph.place[i] = (points[i, 0], points[i, 1])
            graph.radius[i] = float(radii[i])
        if n > 2:
            graph.meets.add(i)
    for pixels, is_closed in _walk(neighbours, degree):
        ends = None if is_closed else (pixels[0], pixels[-1])
        graph.chains.append(Chain(points[pixels], ends))
    return graph


def _neighbours(
    middle: Mask, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
) -> list[list[int]]:
    """Return the neighbours of each pixel; across a corner only where no side leads there."""
    index = np.full((middle.shape[0] + 2, middle.shape[1] + 2), -1)
    index[rows + 1, columns + 1] = np.arange(len(rows))
    found = np.full((len(rows), 8), -1)
    for k, (dy, dx) in enumerate(_SIDES):
        found[:, k] = index[rows + 1 + dy, columns + 1 + dx]
    for k, (dy, dx) in enumerate(_CORNERS, 4):
        by_side = (index[rows + 1 + dy, columns + 1] >= 0) | (
            index[rows + 1, columns + 1 + dx] >= 0
        )
        found[:, k] = np.where(by_side, -1, index[rows + 1 + dy, columns + 1 + dx])
    return [[j for j in row if j >= 0] for row in found.tolist()]


def _walk(neighbours: list[list[int]], degree: list[int]) -> Iterator[tuple[list[int], bool]]:
    """Yield every chain once, as pixels, and whether it is closed."""
    done: set[tuple[int, int]] = set()
    passed = [False] * len(neighbours)
    for start, n in enumerate(degree):
        if n == 2:
            continue
        if n == 0:
            yield [start, start], False
        for first in neighbours[start]:
            if (start, first) in done:
                continue
            chain = _follow(neighbours, degree, start, first)
            done |= {(start, first), (chain[-1], chain[-2])}
            for pixel in chain:
                passed[pixel] = True
            yield chain, False
    for start, n in enumerate(degree):
        if n == 2 and not passed[start]:
            chain = _follow(neighbours, degree, start, neighbours[start][0])
            for pixel in chain:
                passed[pixel] = True
            yield chain, True


def _follow(neighbours: list[list[int]], degree: list[int], start: int, first: int) -> list[int]:
    """Return the pixels from one on by another to the next node, or around to the first."""
    chain = [start, first]
    while degree[chain[-1]] == 2 and chain[-1] != start:
        a, b = neighbours[chain[-1]]
        chain.append(b if a == chain[-2] else a)
    return chain
