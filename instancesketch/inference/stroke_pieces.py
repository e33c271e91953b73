"""Long strokes in pieces: which are of several parts, and a second look at those of unsure part.

A stroke that runs over several parts has the part of most of its length. Each piece looks more like
that one part than the whole does.

Shape letters: see `models.ragged`; J strokes that are cut, I their pieces, M sketches that have
such strokes, Q parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from instancesketch.inference.stroke_cuts import Cuts, cut_stroke
from instancesketch.models import ragged
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import Batch
from instancesketch.models.ragged import Layout

# Where the longer side of a sketch is 2, strokes that are shorter are not cut; those whose part is
# surer keep it, whatever their pieces are.
LONG, SURE = 1.0, 0.6
# What the logarithm of the parts' probability, by length, must gain for each change of part along a
# stroke. Chosen on two folds (`experiments.pieces`).
CHANGE = 0.6
_LEAST = 1e-4  # probability, so that a short piece can't rule a part out
Floats = npt.NDArray[np.float64]


class Run(NamedTuple):
    """A part of a stroke's points that is of one part."""

    start: int  # its first point in the stroke
    part: int
    score: float


class Pieces(NamedTuple):
    """Sketches whose long strokes lie in pieces."""

    batch: Batch  # M sketches, normalised
    sketch_M: Tensor  # which sketch each is
    stroke_J: Tensor  # the strokes that are cut, of those of all sketches
    first_J: Tensor  # their first pieces, among the strokes of `batch`
    pieces_J: Tensor  # how many they have
    start_I: Tensor  # the point of its stroke that each piece starts at

    @property
    def at_I(self) -> Tensor:
        """Return the pieces' places among the strokes of `batch`."""
        return ragged.ranges(self.first_J, self.pieces_J)

    def lengths(self) -> Tensor:
        """Return the length of each piece, (I,)."""
        return ragged.stroke_lengths(self.batch.points_P2, self.batch.layout)[self.at_I]

    def average(self, parts_IQ: Tensor) -> Tensor:
        """Return the mean of what the pieces of each stroke are, by their length, (J, Q).

        Args:
            parts_IQ: part probabilities of the pieces.
        """
        length_I = self.lengths()
        of_I, number = ragged.owners(self.pieces_J), len(self.pieces_J)
        sum_JQ = ragged.reduce(parts_IQ * length_I[:, None], of_I, number, "sum")
        return sum_JQ / ragged.reduce(length_I, of_I, number, "sum")[:, None]

    def runs(self, parts_IQ: Tensor, stroke_len_S: Tensor) -> dict[int, list[Run]]:
        """Return the runs of each stroke of several parts, by its index among all strokes.

        Args:
            parts_IQ: part probabilities of the pieces.
            stroke_len_S: points of all strokes.
        """
        ends = self.pieces_J.cumsum(0)
        parts, lengths = parts_IQ.double().numpy(), self.lengths().double().numpy()
        starts, points_J = self.start_I.numpy(), stroke_len_S[self.stroke_J].tolist()
        likeliest_I = parts_IQ.argmax(1).numpy()
        found = {}
        for stroke, points, end, number in zip(
            self.stroke_J.tolist(), points_J, ends.tolist(), self.pieces_J.tolist(), strict=True
        ):
            own = slice(end - number, end)
            # Pieces that all look like one part are it, at any price of a change.
            if (likeliest_I[own] != likeliest_I[end - 1]).any():
                runs = join(parts[own], lengths[own], starts[own], points)
                if len(runs) > 1:
                    found[stroke] = runs
        return found


def reconsider(
    predict: Callable[[StrokeFeatures, Tensor], tuple[Tensor, Tensor, Tensor | None]],
    features: StrokeFeatures,
    parts_SQ: Tensor,
    category_N: Tensor,
    has_parts_C: Tensor,
) -> tuple[Tensor, dict[int, list[Run]]]:
    """Look at long strokes in pieces.

    Args:
        predict: returns the part probabilities of sketches of given categories.
        features: of the strokes of sketches, on the CPU.
        parts_SQ: their part probabilities.
        category_N: the sketches' categories, -1 for any.
        has_parts_C: which categories have parts.

    Returns:
        Part probabilities, of long unsure strokes the mean of theirs and their pieces'; and the
        runs of each stroke of several parts, by its index.
    """
    layout = features.batch.layout
    # A drawing without parts has none to be told apart.
    partless_N = (category_N >= 0) & ~has_parts_C[category_N]
    pieces = cut_long(features.batch, ~layout.per_stroke(partless_N))
    if pieces is None:
        return parts_SQ, {}
    of_all_SQ, _, _ = predict(StrokeFeatures(pieces.batch), category_N[pieces.sketch_M])
    parts_IQ = of_all_SQ[pieces.at_I]
    unsure_J = parts_SQ[pieces.stroke_J].amax(1) < SURE
    unsure_S = pieces.stroke_J[unsure_J]
    runs = pieces.runs(parts_IQ, layout.stroke_len_S)
    parts_SQ = parts_SQ.clone()
    parts_SQ[unsure_S] = (parts_SQ[unsure_S] + pieces.average(parts_IQ)[unsure_J]) / 2
    return parts_SQ, runs


def cut_long(batch: Batch, allowed_S: Tensor) -> Pieces | None:
    """Cut the long strokes of sketches.

    Args:
        batch: normalised sketches, on the CPU.
        allowed_S: which strokes may be cut.

    Returns:
        None where there are none.
    """
    length_S = ragged.stroke_lengths(batch.points_P2, batch.layout)
    long_S = ((length_S > LONG) & allowed_S).numpy()
    points_P2 = batch.points_P2.double().numpy()
    stops_S = batch.stroke_len_S.cumsum(0).numpy()
    lines = np.split(points_P2, stops_S[:-1])
    ends_S22 = points_P2[np.stack([stops_S - batch.stroke_len_S.numpy(), stops_S - 1], axis=1)]
    strokes: list[Floats] = []
    sketches, counts, found, starts = [], [], [], []
    first = 0
    for sketch, number in enumerate(batch.strokes_N.tolist()):
        own, first = range(first, first + number), first + number
        cuts = {i: _cut(lines, ends_S22, own, i) for i in own if long_S[i]}
        if all(len(cut.pieces) == 1 for cut in cuts.values()):
            continue
        before = len(strokes)
        for i in own:
            pieces = cuts[i].pieces if i in cuts else [lines[i]]
            if len(pieces) > 1:
                found.append((i, len(strokes), len(pieces)))
                starts += cuts[i].starts
                strokes += pieces
            else:
                strokes.append(lines[i])
        sketches.append(sketch)
        counts.append(len(strokes) - before)
    if not found:
        return None
    stroke_J, first_J, pieces_J = torch.tensor(found).T
    return Pieces(
        batch=_pack(strokes, counts),
        sketch_M=torch.tensor(sketches),
        stroke_J=stroke_J,
        first_J=first_J,
        pieces_J=pieces_J,
        start_I=torch.tensor(starts),
    )


def _cut(lines: list[Floats], ends_S22: Floats, own: range, stroke: int) -> Cuts:
    """Cut a stroke of a sketch, whose strokes are `own`."""
    others = np.concatenate([ends_S22[own.start : stroke], ends_S22[stroke + 1 : own.stop]])
    return cut_stroke(lines[stroke], others.reshape(-1, 2))


def _pack(strokes: list[Floats], counts: list[int]) -> Batch:
    """Return sketches without labels, of `counts` strokes each."""
    stroke_len_S = torch.tensor([len(line) for line in strokes])
    points_P2 = torch.from_numpy(np.concatenate(strokes).astype(np.float32))
    unknown_S = torch.full((len(strokes),), -1)
    return Batch(
        points_P2=points_P2,
        layout=Layout(stroke_len_S, torch.tensor(counts), len(points_P2)),
        part_S=unknown_S,
        instance_S=unknown_S,
        category_N=torch.full((len(counts),), -1),
    )


def join(
    parts_IQ: Floats, length_I: Floats, start_I: npt.NDArray[np.int64], points: int
) -> list[Run]:
    """Join the pieces of a stroke into runs of one part: the likeliest, each change at its price.

    Args:
        parts_IQ: part probabilities of the pieces.
        length_I: their lengths.
        start_I: the point that each starts at, in order, the first 0.
        points: of the stroke.

    Returns:
        Runs in order, which have all of the points. The part changes only at points, with one
        before the first and after the last change.
    """
    kept = [0]
    for i, start in enumerate(start_I.tolist()):
        # Pieces between two points of the stroke are one: what they draw can't be cut there.
        if start_I[kept[-1]] < start < points - 1:
            kept.append(i)
    gain_IQ = np.log(np.maximum(parts_IQ, _LEAST)) * length_I[:, None]
    parts = _likeliest(np.add.reduceat(gain_IQ, kept))
    begins = [k for k, part in enumerate(parts) if k == 0 or part != parts[k - 1]]
    at = [kept[k] for k in begins]
    weight_IQ = np.add.reduceat(parts_IQ * length_I[:, None], at)
    length = np.add.reduceat(length_I, at)
    return [
        Run(int(start_I[i]), parts[k], float(weight_IQ[n, parts[k]] / length[n]))
        for n, (i, k) in enumerate(zip(at, begins, strict=True))
    ]


def _likeliest(gain_KQ: Floats) -> list[int]:
    """Return the parts along a stroke whose gains, less the price of changes, are largest."""
    best_Q, ways = gain_KQ[0], []
    for gain_Q in gain_KQ[1:]:
        top = int(best_Q.argmax())
        changes_Q = best_Q < best_Q[top] - CHANGE
        ways.append(np.where(changes_Q, top, np.arange(len(best_Q))))
        best_Q = np.where(changes_Q, best_Q[top] - CHANGE, best_Q) + gain_Q
    parts = [int(best_Q.argmax())]
    for way_Q in reversed(ways):
        parts.append(int(way_Q[parts[-1]]))
    return parts[::-1]
