"""How two strokes lie to each other, in numbers.

Shape letters: see `instancesketch.ragged`; M strokes beside L strokes, F features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


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
        features_NMLF = pair_features(from_NMK2, to_NLK2)
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


def pair_features(from_NMK2: Tensor, to_NLK2: Tensor) -> Tensor:
    """What there is to say of M strokes beside L strokes, (N, M, L, 20).

    How far apart they are, how large, how they overlap; how near the ends of each come to the
    other; and how much of each lies within the other's outline. In memory drawings come last, so
    that every step goes over long rows of numbers, however few strokes there are.
    """
    alike = from_NMK2 is to_NLK2
    to_2KLN = to_NLK2.permute(3, 2, 1, 0).contiguous()
    from_2KMN = to_2KLN if alike else from_NMK2.permute(3, 2, 1, 0).contiguous()
    low_2LN, high_2LN, half_2LN = _box(to_2KLN)
    low_2MN, high_2MN, half_2MN = _box(from_2KMN)
    # From the row's stroke to the other.
    apart = ((low_2LN + high_2LN) / 2)[:, None] - ((low_2MN + high_2MN) / 2)[:, :, None]
    size_1MN, size_1LN = half_2MN.amax(0, keepdim=True), half_2LN.amax(0, keepdim=True)
    overlap = torch.minimum(high_2LN[:, None], high_2MN[:, :, None]) - torch.maximum(
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
        apart,
        apart / size_1MN[:, :, None].clamp(min=0.1),
        half_2LN.log()[:, None] - half_2MN.log()[:, :, None],
        size_1LN.log()[:, None] - size_1MN.log()[:, :, None],
        overlap.amin(0, keepdim=True),
        away_5MLN,
        1 / (1 + 20 * away_5MLN),
        holds_MLN[None],
        held_MLN[None],
    ]
    return torch.cat(features).permute(3, 1, 2, 0)


def _box(places_2KLN: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The corners of each stroke's bounding box, and half its size, which is never 0."""
    low_2LN, high_2LN = places_2KLN.amin(1), places_2KLN.amax(1)
    return low_2LN, high_2LN, ((high_2LN - low_2LN) / 2).clamp(min=0.02)


def _distances(from_2KMN: Tensor, to_2KLN: Tensor) -> Tensor:
    """How near two strokes come, and the ends of each to the other: nearer and farther end, (5)."""
    # Not by matrix product: its cancellation loses the small distances that count here.
    x, y = from_2KMN[:, :, None, :, None] - to_2KLN[:, None, :, None]
    squared_KKMLN = x.mul_(x).addcmul_(y, y)
    to_own = squared_KKMLN.amin(0)
    own_end, own_other_end = squared_KKMLN[0].amin(0), squared_KKMLN[-1].amin(0)
    nearest = [
        to_own.amin(0),
        torch.minimum(own_end, own_other_end), torch.maximum(own_end, own_other_end),
        torch.minimum(to_own[0], to_own[-1]), torch.maximum(to_own[0], to_own[-1]),
    ]  # fmt: skip
    return torch.stack(nearest).sqrt_()


# So many tests of a point and an edge are done in one go: more would leave a CPU's cache.
_AT_ONCE = 50_000


def _within(points_2K: Tensor, outline_2J: Tensor) -> Tensor:
    """The share of points (2, K, ...) that an outline (2, J, ...), closed, winds round.

    By counting the edges to the right of each (the even-odd rule, Shimrat 1962).
    """
    x, y = points_2K
    from_x, from_y = outline_2J[:, :, None]
    to_x, to_y = from_x.roll(-1, 0), from_y.roll(-1, 0)
    rise = to_y - from_y
    slope = (to_x - from_x) / torch.where(rise == 0, 1, rise)
    shape = torch.broadcast_shapes(x.shape, from_x.shape[1:])
    within = torch.zeros(shape, dtype=torch.bool, device=x.device)
    edges = len(from_x)
    if not torch.compiler.is_exporting():  # as one step of a graph instead of a hundred
        edges = max(1, _AT_ONCE // max(1, within.numel()))
    for a in range(0, len(from_x), edges):
        b = a + edges
        crossing = (y - from_y[a:b]).mul_(slope[a:b]).add_(from_x[a:b])
        crossed = (x < crossing).logical_and_((from_y[a:b] > y) != (to_y[a:b] > y))
        within ^= crossed[0] if len(crossed) == 1 else crossed.sum(0) % 2 == 1
    return within.float().mean(0)
