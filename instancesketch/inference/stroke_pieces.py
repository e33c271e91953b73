"""Long strokes that the segmenter is unsure of, cut where one part may end and the next begin.

A stroke that runs over several parts has the part of most of its length. Each piece looks more like
that one part than the whole does.

Shape letters: see `models.ragged`; J strokes that are cut, D points along a stroke, E ends of other
strokes, Q parts.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from instancesketch.models import ragged
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import Batch
from instancesketch.models.ragged import Layout
from instancesketch.synth.primitives import mark_bends

# Where the longer side of a sketch is 2. Strokes that are shorter are not cut, nor are those whose
# part is surer.
LONG, SURE = 0.6, 0.6
STEP = 0.02  # between points along a stroke that is cut
MOST_POINTS = 600
SHORTEST = 0.16  # of a piece
BEND = np.pi / 3  # by which a corner turns at least
STRAIGHT = 0.04  # a line may be this far from its chord
TOUCH = 0.05  # from another stroke's end
RETURN, BETWEEN = 0.025, 0.4  # how near a stroke comes to itself, after going at least how far
Points = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Pieces(NamedTuple):
    """Sketches in each of which one stroke lies in pieces."""

    batch: Batch  # J sketches, normalised
    stroke_J: Tensor  # the stroke that is cut, of those of all sketches
    sketch_J: Tensor  # its sketch
    first_J: Tensor  # its first piece, among the strokes of `batch`
    pieces_J: Tensor  # how many it has

    def average(self, parts_SQ: Tensor) -> Tensor:
        """Return the mean of what the pieces of each stroke are, by their length, (J, Q).

        Args:
            parts_SQ: part probabilities of the strokes of `batch`.
        """
        layout = self.batch.layout
        length_P = ragged.segment_lengths(self.batch.points_P2, layout.stroke_len_S)
        length_S = ragged.reduce(length_P, layout.stroke_of_P, layout.strokes, "sum")
        at_I = ragged.ranges(self.first_J, self.pieces_J)
        of_I, number = ragged.owners(self.pieces_J), len(self.pieces_J)
        sum_JQ = ragged.reduce(parts_SQ[at_I] * length_S[at_I, None], of_I, number, "sum")
        return sum_JQ / ragged.reduce(length_S[at_I], of_I, number, "sum")[:, None]


def reconsider(
    predict: Callable[[StrokeFeatures, Tensor], tuple[Tensor, Tensor, Tensor | None]],
    features: StrokeFeatures,
    parts_SQ: Tensor,
    category_N: Tensor,
    has_parts_C: Tensor,
) -> Tensor:
    """Return part probabilities, of long unsure strokes the mean of theirs and their pieces'.

    Args:
        predict: returns the part probabilities of sketches of given categories.
        features: of the strokes of sketches, on the CPU.
        parts_SQ: their part probabilities.
        category_N: the sketches' categories, -1 for any.
        has_parts_C: which categories have parts.
    """
    # Of drawings without parts there is nothing to be sure of.
    partless_N = (category_N >= 0) & ~has_parts_C[category_N]
    surest_S = parts_SQ.amax(1).masked_fill(features.batch.layout.per_stroke(partless_N), 1.0)
    pieces = cut_unsure(features.batch, surest_S)
    if pieces is None:
        return parts_SQ
    of_pieces_SQ, _, _ = predict(StrokeFeatures(pieces.batch), category_N[pieces.sketch_J])
    parts_SQ = parts_SQ.clone()
    parts_SQ[pieces.stroke_J] = (parts_SQ[pieces.stroke_J] + pieces.average(of_pieces_SQ)) / 2
    return parts_SQ


def cut_unsure(batch: Batch, surest_S: Tensor) -> Pieces | None:
    """Cut the strokes that are long and not sure, one in each copy of its sketch.

    Args:
        batch: normalised sketches, on the CPU.
        surest_S: the probability of each stroke's part.

    Returns:
        None where there are none.
    """
    length_P = ragged.segment_lengths(batch.points_P2, batch.stroke_len_S)
    length_S = ragged.reduce(length_P, batch.stroke_of_P, batch.layout.strokes, "sum")
    lengths, begins = batch.stroke_len_S.numpy(), ragged.starts(batch.stroke_len_S).numpy()
    points_P2 = batch.points_P2.double().numpy()
    first_N = ragged.starts(batch.strokes_N).tolist()
    found: list[tuple[int, int, int, int]] = []
    strokes: list[Points] = []
    counts: list[int] = []
    for stroke in ((surest_S < SURE) & (length_S > LONG)).nonzero()[:, 0].tolist():
        sketch = int(batch.sketch_of_S[stroke])
        own = range(first_N[sketch], first_N[sketch] + int(batch.strokes_N[sketch]))
        lines = [points_P2[begins[i] : begins[i] + lengths[i]] for i in own]
        at = stroke - own.start
        pieces = cut_stroke(lines[at], [line for i, line in enumerate(lines) if i != at])
        if len(pieces) > 1:
            found.append((stroke, sketch, len(strokes) + at, len(pieces)))
            strokes += [*lines[:at], *pieces, *lines[at + 1 :]]
            counts.append(len(lines) - 1 + len(pieces))
    if not found:
        return None
    stroke_len_S = torch.tensor([len(line) for line in strokes])
    points = torch.from_numpy(np.concatenate(strokes).astype(np.float32))
    unknown_S, unknown_J = torch.full((len(strokes),), -1), torch.full((len(found),), -1)
    cut = Batch(
        points_P2=points,
        layout=Layout(stroke_len_S, torch.tensor(counts), len(points)),
        part_S=unknown_S,
        instance_S=unknown_S,
        category_N=unknown_J,
    )
    return Pieces(cut, *torch.tensor(found).T)


def cut_stroke(line: Points, others: list[Points]) -> list[Points]:
    """Cut a stroke at its corners, where others end on it, and where it comes back to itself.

    Args:
        line: its points, of a normalised sketch.
        others: the other strokes.

    Returns:
        The pieces in order, each of which begins where the one before ends.
    """
    run = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    number = int(min(np.ceil(run[-1] / STEP) + 1, MOST_POINTS))
    along, step = np.linspace(0, run[-1], number, retstep=True)
    points = np.stack([np.interp(along, run, line[:, axis]) for axis in (0, 1)], axis=1)
    least = max(1, round(SHORTEST / step))
    cuts = [0]
    for at in sorted({*_corners(points), *_touches(points, others), *_returns(points, step)}):
        if at - cuts[-1] >= least and number - 1 - at >= least:
            cuts.append(int(at))
    cuts.append(number - 1)
    return [points[a : b + 1] for a, b in pairwise(cuts)]


def _corners(points_D2: Points) -> Ints:
    """Return the points at which the stroke bends, seen coarsely."""
    (at,) = mark_bends(points_D2, STRAIGHT).nonzero()
    ahead = np.diff(points_D2[at], axis=0)
    turn = np.diff(np.arctan2(ahead[:, 1], ahead[:, 0]))
    turn = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)
    bends: Ints = at[1:-1][turn > BEND]
    return bends


def _touches(points_D2: Points, others: list[Points]) -> list[int]:
    """Return the points at which other strokes begin or end on the stroke."""
    if not others:
        return []
    ends_E2 = np.concatenate([other[[0, -1]] for other in others])
    away_ED = np.hypot(*(ends_E2[:, None] - points_D2).transpose(2, 0, 1))
    nearest: list[int] = away_ED.argmin(1)[away_ED.min(1) < TOUCH].tolist()
    return nearest


def _returns(points_D2: Points, step: float) -> list[int]:
    """Return the points at which the stroke comes back to itself."""
    at = np.arange(len(points_D2))
    away_DD = np.hypot(*(points_D2[:, None] - points_D2).transpose(2, 0, 1))
    later_DD = np.abs(at[:, None] - at) * step > BETWEEN
    back = np.flatnonzero(((away_DD < RETURN) & later_DD).any(1))
    # Of points next to each other, the first.
    return [int(b) for a, b in zip([-len(at), *back], back, strict=False) if b - a > 1]
