"""The line along the middle of a filled outline that a pen stroke has become."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instancesketch.formats.vector.flatten import Points

_SAMPLES = 256  # of the outline, while its ends are sought
_MOST_SAMPLES = 4_096  # along its sides, by the width of the band
_PAIRS = 64  # of points across it, while its ends are sought
_WINDOW = 24  # samples around half of the outline in which its other end may lie


@dataclass(frozen=True)
class Ribbon:
    """An outline seen as a band of some width around a line."""

    middle: Points
    width: float
    length: float  # with its two ends

    @property
    def ratio(self) -> float:
        """Return how many times as long as wide it is."""
        return self.length / self.width


def size_of(points: Points) -> float:
    """Return the larger side of the box around points."""
    return float(np.ptp(points, axis=0).max())


def resample(points: Points, number: int) -> Points:
    """Return points at equal distances along a line, its ends among them."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    at = np.concatenate([[0], np.cumsum(steps)])
    wanted = np.linspace(0, at[-1], number)
    return np.stack([np.interp(wanted, at, points[:, i]) for i in range(2)], axis=1)


def offsets(points: Points, line: Points) -> npt.NDArray[np.float64]:
    """Return how far points are from a line, negative on one side of it."""
    start, step = line[:-1], np.diff(line, axis=0)
    apart = points[:, None] - start
    along = (apart * step).sum(-1) / np.maximum((step**2).sum(-1), 1e-12)
    rest = apart - np.clip(along, 0, 1)[..., None] * step
    distance = np.hypot(rest[..., 0], rest[..., 1])
    nearest = distance.argmin(axis=1)
    rows = np.arange(len(points))
    side = step[nearest, 0] * rest[rows, nearest, 1] - step[nearest, 1] * rest[rows, nearest, 0]
    signed: npt.NDArray[np.float64] = np.copysign(distance[rows, nearest], side)
    return signed


def find_middle(outline: Points) -> Ribbon | None:
    """Return a closed outline as a band between its two ends, of which it may have none.

    From one end to the other the two sides of a band stay close to each other: those two points
    on the outline are sought between which they do. The middle begins at the end at which the
    outline does, as programs write it.
    """
    closed = np.concatenate([outline, outline[:1]])
    if not np.isfinite(closed).all() or size_of(closed) == 0:
        return None
    closed = _without_loops(closed)
    ring = resample(closed, _SAMPLES + 1)[:-1]
    first, second = _find_ends(ring, _mean_width(closed))
    # Ends are the same from either side, but one of them is the outline's own beginning.
    if min(second, _SAMPLES - second) < min(first, _SAMPLES - first):
        first, second = second, first
    width = _distance(ring, first, second)
    if not width > 0:
        return None
    # Finer than the band is wide, or pairs across it would be aslant.
    factor = _factor(closed, width)
    ring = resample(closed, factor * _SAMPLES + 1)[:-1]
    ends = [_nearby_end(ring, factor * end, factor) for end in (first, second)]
    across = _zip(*_sides(ring, *ends))
    width = float(np.hypot(*(across[:, 0] - across[:, 1]).T).mean())
    middle = across.mean(axis=1)
    length = float(np.hypot(*np.diff(middle, axis=0).T).sum())
    if not (width > 0 and length > 0):
        return None
    whole = length
    # A round end lies half the width beyond the last point of the pen.
    if length > 2 * width:
        fine = resample(middle, len(middle))
        cut = round(len(fine) * width / 2 / length)
        middle = fine[cut : len(fine) - cut]
        length -= width
    # Points a third of the width apart hold all that a pen of that width can draw.
    number = min(max(int(3 * length / width), 2), len(middle)) if len(middle) > 1 else 2
    return Ribbon(resample(middle, number), width, whole)


def _factor(closed: Points, width: float) -> int:
    """Return by how much finer the outline is to be sampled than while ends are sought."""
    length = float(np.hypot(*np.diff(closed, axis=0).T).sum())
    wanted = min(length / (0.3 * width), _MOST_SAMPLES)
    return max(1, round(wanted / _SAMPLES))


def _mean_width(closed: Points) -> float:
    """Return the width of a band by its area and the length around it."""
    length = float(np.hypot(*np.diff(closed, axis=0).T).sum())
    return 2 * abs(_area(closed)) / length


def _area(points: Points) -> float:
    x, y = (points - points[0]).T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def _without_loops(closed: Points) -> Points:
    """Return an outline without circles as wide as the band that it goes around on the way.

    perfect-freehand goes around the last point of a stroke one and a half times.
    """
    width = _mean_width(closed)
    length = float(np.hypot(*np.diff(closed, axis=0).T).sum())
    if not width > 0 or length / width > _MOST_SAMPLES / 8:
        return closed
    ring = resample(closed, max(int(length / (width / 8)), _SAMPLES) + 1)[:-1]
    step = length / len(ring)
    for _ in range(2):
        shifts = np.arange(round(1.5 * width / step), round(6 * width / step) + 1)
        if not len(shifts) or shifts[-1] >= len(ring) // 2:
            break
        # Up to the last, none may pass over the outline's own beginning.
        apart = np.stack([np.hypot(*(ring - np.roll(ring, -s, axis=0)).T) for s in shifts])
        for row, shift in enumerate(shifts):
            apart[row, len(ring) - shift :] = np.inf
        row, start = divmod(int(apart.argmin()), len(ring))
        stop = start + int(shifts[row])
        circle = (stop - start) * step
        is_round = abs(_area(ring[start:stop])) > 0.6 * circle**2 / (4 * np.pi)
        if apart[row, start] > 0.15 * width or not is_round:
            break
        ring = np.concatenate([ring[: start + 1], ring[stop + 1 :]])
    return np.concatenate([ring, ring[:1]])


def _find_ends(ring: Points, width: float) -> tuple[int, int]:
    """Return the two samples between which the sides of a band stay closest to each other."""
    best = (np.inf, 0, 0)
    # Programs begin an outline where the stroke begins: that helps where the band is tangled.
    for first in (_first_end(ring), 0):
        second = (first + _SAMPLES // 2) % _SAMPLES
        for _ in range(2):
            second = _best_end(ring, first, second)
            first = _best_end(ring, second, first)
        best = min(best, (_distance(ring, first, second), first, second))
        if best[0] <= 1.5 * width:
            break
    return best[1], best[2]


def _first_end(ring: Points) -> int:
    """Return the sample from which the ways in both directions stay closest to each other."""
    steps, ends = np.arange(1, _SAMPLES // 2), np.arange(_SAMPLES)[:, None]
    there, back = ring[(ends + steps) % _SAMPLES], ring[(ends - steps) % _SAMPLES]
    return int(np.hypot(*np.moveaxis(there - back, -1, 0)).mean(axis=1).argmin())


def _best_end(ring: Points, other: int, near: int) -> int:
    """Return the end near a sample for which the two sides stay closest, given the other end."""
    candidates = (near + np.arange(-_WINDOW, _WINDOW + 1)) % _SAMPLES
    costs = [_distance(ring, other, int(end)) for end in candidates]
    return int(candidates[int(np.argmin(costs))])


def _nearby_end(ring: Points, near: int, reach: int) -> int:
    """Return the sample closest to `near` from which both directions first run side by side."""
    candidates = (near + np.arange(-reach, reach + 1)) % len(ring)
    steps = np.arange(1, 2 * reach + 2)
    there, back = (ring[(candidates[:, None] + s) % len(ring)] for s in (steps, -steps))
    return int(candidates[np.hypot(*np.moveaxis(there - back, -1, 0)).sum(axis=1).argmin()])


def _distance(ring: Points, first: int, second: int) -> float:
    there, back = _sides(ring, first, second)
    if len(there) < 3 or len(back) < 3:
        return np.inf
    # Around a bend one side is longer than the other.
    at = np.linspace(0, 1, _PAIRS)
    a, b = (side[np.round(at * (len(side) - 1)).astype(np.int64)] for side in (there, back))
    return float(np.hypot(*(a - b).T).mean())


def _sides(ring: Points, first: int, second: int) -> tuple[Points, Points]:
    """Return the samples from the first end to the second in both directions."""
    number = len(ring)
    forward = np.arange((second - first) % number + 1)
    backward = np.arange((first - second) % number + 1)
    return ring[(first + forward) % number], ring[(first - backward) % number]


def _zip(there: Points, back: Points) -> npt.NDArray[np.float64]:
    """Return pairs of points across, (pairs, 2, 2): always the shorter way to the next one."""
    i = j = 0
    pairs = [(there[0], back[0])]
    while i < len(there) - 1 or j < len(back) - 1:
        if i == len(there) - 1:
            j += 1
        elif j == len(back) - 1:
            i += 1
        else:
            on_there, on_back = there[i + 1] - back[j], there[i] - back[j + 1]
            if on_there @ on_there <= on_back @ on_back:
                i += 1
            else:
                j += 1
        pairs.append((there[i], back[j]))
    return np.array(pairs, np.float64)
