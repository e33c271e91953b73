"""How two strokes lie to each other, in numbers.

Shape letters: see `instancesketch.models.ragged`; M strokes beside L strokes, F features.
"""

from __future__ import annotations

import math
import operator
from functools import reduce

import torch
from torch import Tensor, nn

from instancesketch.models import ragged
from instancesketch.models.packing import Batch

# What `pair_features` gives for the strokes of each drawing, among what a batch has found.
PAIRS = "pairs"


class PairGeometry(nn.Module):
    """How two strokes lie to each other, in a few numbers a pair.

    Attention on contents alone must work out from absolute places what touches, crosses or
    surrounds what; given, it costs little (relative geometry as in Hu et al., Relation Networks,
    2018). With `order` it also hears which of the two was drawn first, and how much earlier.
    """

    FEATURES = 20
    ORDER_FEATURES = 5
    SAMPLES = 16
    MOST_PAIRS = 500_000

    def __init__(self, numbers: int, hidden: int = 32, *, order: bool = False) -> None:
        super().__init__()
        self.order = order
        features = self.FEATURES + order * self.ORDER_FEATURES
        self.net = nn.Sequential(nn.Linear(features, hidden), nn.GELU(), nn.Linear(hidden, numbers))

    def forward(self, places_NLK2: Tensor) -> Tensor:
        """Takes K places along each of L strokes; returns (N, L, L, numbers)."""
        n, length = places_NLK2.shape[:2]
        # In one go, but for drawings of thousands of strokes, whose pairs would fill the memory.
        if n * length * length <= self.MOST_PAIRS:
            return self.beside(places_NLK2, places_NLK2)
        rows = max(1, self.MOST_PAIRS // (n * length))
        parts = places_NLK2.split(rows, dim=1)
        return torch.cat(
            [self.beside(part, places_NLK2, i * rows) for i, part in enumerate(parts)], dim=1
        )

    def beside(self, from_NMK2: Tensor, to_NLK2: Tensor, first: int = 0) -> Tensor:
        """The same of M strokes, numbered from `first`, beside L strokes, (N, M, L, numbers)."""
        return self._say(pair_features(from_NMK2, to_NLK2), first)

    def among(self, batch: Batch) -> Tensor:
        """The same of the strokes of each drawing of a normalised batch, padded to the longest.

        Their features are found once, and serve several of these.
        """
        places_SK2 = batch.resampled(self.SAMPLES)
        n, length = len(batch), batch.longest
        if PAIRS not in batch.found:
            places_NLK2 = places_SK2.new_zeros(n, length, *places_SK2.shape[1:])
            places_NLK2[batch.sketch_of_S, batch.at_S] = places_SK2
            if n * length * length > self.MOST_PAIRS:
                return self(places_NLK2)  # type: ignore[no-any-return]
            batch.found[PAIRS] = pair_features(places_NLK2, places_NLK2)
        return self._say(batch.found[PAIRS])

    def among_groups(self, batch: Batch, strokes_GL: Tensor) -> Tensor:
        """The same of groups of strokes of the same drawing, (G, L, L, numbers)."""
        if PAIRS not in batch.found:
            return self(batch.resampled(self.SAMPLES)[strokes_GL])  # type: ignore[no-any-return]
        sketch_G, at_GL = batch.sketch_of_S[strokes_GL[:, 0]], batch.at_S[strokes_GL]
        return self._say(_of_some(batch.found[PAIRS], sketch_G, at_GL))

    def _say(self, features_NMLF: Tensor, first: int = 0) -> Tensor:
        if self.order:
            n, m, length = features_NMLF.shape[:3]
            at_ML = torch.arange(length, device=features_NMLF.device) - (
                torch.arange(m, device=features_NMLF.device)[:, None] + first
            )
            order_NMLF = order_features(at_ML)[None].expand(n, -1, -1, -1)
            features_NMLF = torch.cat([features_NMLF, order_NMLF], dim=3)
        features_MLNF = features_NMLF.permute(1, 2, 0, 3)
        pairs_MLNF = self.net(features_MLNF.flatten(0, 2)).unflatten(0, features_MLNF.shape[:3])
        return pairs_MLNF.permute(2, 0, 1, 3)


def order_features(later_ML: Tensor) -> Tensor:
    """What there is to say of strokes that were drawn so many strokes after others, (M, L, 5).

    How much later, up to eight strokes; whether right after, right before, or the same; how near.
    """
    return torch.stack(
        [
            later_ML.clamp(-8, 8) / 8,
            (later_ML == 1).float(),
            (later_ML == -1).float(),
            1 / (1 + later_ML.abs()),
            (later_ML == 0).float(),
        ],
        dim=2,
    )


def hand_on(batch: Batch, few: Batch, strokes_T: Tensor) -> None:
    """Lets some strokes of each drawing know of each other what is known among all of them."""
    if PAIRS in batch.found:
        at_NL = torch.zeros(len(few), few.longest, dtype=torch.long, device=strokes_T.device)
        at_NL[few.sketch_of_S, few.at_S] = batch.at_S[strokes_T]
        sketch_N = batch.sketch_of_S[strokes_T[ragged.starts(few.strokes_N)]]
        few.found[PAIRS] = _of_some(batch.found[PAIRS], sketch_N, at_NL)


def _of_some(features_NLLF: Tensor, sketch_G: Tensor, at_GL: Tensor) -> Tensor:
    return features_NLLF[sketch_G[:, None, None], at_GL[:, :, None], at_GL[:, None]]


def pair_features(from_NMK2: Tensor, to_NLK2: Tensor) -> Tensor:
    """What there is to say of M strokes beside L strokes, (N, M, L, 20).

    How far apart they are, how large, how they overlap; how near the ends of each come to the
    other; and how much of each lies within the other's outline. In memory drawings come last, so
    that every step goes over long rows of numbers, however few strokes there are.
    """
    alike = from_NMK2 is to_NLK2
    to_2KLN = to_NLK2.permute(3, 2, 1, 0).contiguous()
    from_2KMN = to_2KLN if alike else from_NMK2.permute(3, 2, 1, 0).contiguous()
    low_2LN, high_2LN, size_1LN, box_5LN = _box(to_2KLN)
    low_2MN, high_2MN, size_1MN, box_5MN = (
        (low_2LN, high_2LN, size_1LN, box_5LN) if alike else _box(from_2KMN)
    )
    # From the row's stroke to the other.
    other_5MLN = box_5LN[:, None] - box_5MN[:, :, None]
    apart_2MLN, larger_3MLN = other_5MLN[:2], other_5MLN[2:]
    overlap_2MLN = torch.minimum(high_2LN[:, None], high_2MN[:, :, None]) - torch.maximum(
        low_2LN[:, None], low_2MN[:, :, None]
    )
    few_2KMN, few_2KLN = from_2KMN[:, ::3], to_2KLN[:, ::3]  # the last is an end, too
    away_5MLN = _distances(few_2KMN, few_2KLN)
    holds_MLN = _within(few_2KLN[:, :, None], from_2KMN[:, :, :, None])
    # Among the same strokes, who is held by whom is the other way round who holds whom.
    held_MLN = (
        holds_MLN.transpose(0, 1)
        if alike
        else _within(few_2KMN[:, :, :, None], to_2KLN[:, :, None])
    )
    features = [
        apart_2MLN,
        apart_2MLN / size_1MN.clamp(min=0.1)[:, :, None],
        larger_3MLN,
        overlap_2MLN.amin(0, keepdim=True),
        away_5MLN,
        (1 + 20 * away_5MLN).reciprocal(),
        holds_MLN[None],
        held_MLN[None],
    ]
    return torch.cat(features).permute(3, 1, 2, 0)


def _box(places_2KLN: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Each stroke's bounding box: its corners, half its longer side, which is never 0, and (5) its
    centre and the logarithms of half of both sides and of the longer.
    """
    low_2LN, high_2LN = places_2KLN.amin(1), places_2KLN.amax(1)
    half_2LN = ((high_2LN - low_2LN) / 2).clamp(min=0.02)
    size_1LN = half_2LN.amax(0, keepdim=True)
    box_5LN = torch.cat([(low_2LN + high_2LN) / 2, half_2LN.log(), size_1LN.log()])
    return low_2LN, high_2LN, size_1LN, box_5LN


def _distances(from_2KMN: Tensor, to_2KLN: Tensor) -> Tensor:
    """How near two strokes come, and the ends of each to the other: nearer and farther end, (5)."""
    # Not by matrix product: its cancellation loses the small distances that count here.
    x, y = from_2KMN[:, :, None, :, None] - to_2KLN[:, None, :, None]
    squared_KKMLN = x.mul_(x).addcmul_(y, y)
    to_own, between_ends = squared_KKMLN.amin(0), len(squared_KKMLN) - 1
    own_ends_2MLN = squared_KKMLN[::between_ends].amin(1)
    other_ends_2MLN = to_own[::between_ends]
    nearest = [
        to_own.amin(0),
        own_ends_2MLN.amin(0), own_ends_2MLN.amax(0),
        other_ends_2MLN.amin(0), other_ends_2MLN.amax(0),
    ]  # fmt: skip
    return torch.stack(nearest).sqrt_()


# So many tests of a point and an edge are done in one go: more would leave a CPU's cache.
_AT_ONCE = 50_000


def _within(points_2K: Tensor, outline_2J: Tensor) -> Tensor:
    """The share of points (2, K, ...) that an outline (2, J, ...), closed, winds round.

    By counting the edges to the right of each (the even-odd rule, Shimrat 1962).
    """
    ahead_2J = outline_2J.roll(-1, 1)
    run_J, rise_J = ahead_2J - outline_2J
    x, y = points_2K
    from_x, from_y = outline_2J[:, :, None]
    to_y, slope = ahead_2J[1, :, None], (run_J / rise_J)[:, None]
    edges = len(from_x)
    if not torch.compiler.is_exporting():  # as one step of a graph instead of a hundred
        edges = max(1, _AT_ONCE // math.prod(map(max, x.shape, from_x.shape[1:])))

    def odd(a: int) -> Tensor:
        b = a + edges
        # A level edge has no slope, and is not crossed.
        crossing = (y - from_y[a:b]).mul_(slope[a:b]).add_(from_x[a:b])
        crossed = (x < crossing).logical_and_((from_y[a:b] > y) != (to_y[a:b] > y))
        return crossed[0] if len(crossed) == 1 else crossed.sum(0) % 2 == 1

    within: Tensor = reduce(operator.ixor, map(odd, range(0, len(from_x), edges)))
    return within.float().mean(0)
