"""Features of strokes: points along each, and the geometry of every pair in a sketch.

Shape letters: see `instancesketch.models.ragged`; M strokes beside L strokes, F features,
J points of an outline.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from functools import reduce

import torch
from torch import Tensor
from torch.compiler import is_exporting

from instancesketch.models import packing, ragged
from instancesketch.models.packing import Batch

# Points along each stroke that pairs are compared by, and features of a pair.
PAIR_SAMPLES = 16
PAIR_FEATURES = 20
# With more pairs of strokes in a batch, their features would fill the memory.
MAX_PAIRS = 500_000
# Tests of a point against an edge that are done at once; more would leave a CPU's cache.
_TESTS_AT_ONCE = 50_000


class StrokeFeatures:
    """The features of the strokes of normalised sketches, each computed at its first use.

    Networks that label the same sketches share them: among all strokes of a single sketch, pairs
    take longer than the refiner's own arithmetic.
    """

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self._samples: dict[int, Tensor] = {}
        self._pairs_NLLF: Tensor | None = None
        self._unstretched: StrokeFeatures | None = None

    @classmethod
    def of(cls, batch: Batch) -> StrokeFeatures:
        """Return the features of sketches that aren't normalised yet."""
        return cls(batch.normalised())

    def stretched(self, factor_2: tuple[float, float]) -> StrokeFeatures:
        """Return the features of the same sketches with their x and y multiplied.

        What lies within what is the same as before: of all features of pairs, these take longest.
        """
        factor = self.batch.points_P2.new_tensor(factor_2)
        stretched = StrokeFeatures(self.batch.with_points(self.batch.points_P2 * factor))
        stretched._unstretched = self
        return stretched

    def to(self, device: torch.device | str) -> StrokeFeatures:
        """Return the features on a device; on another one they are computed there."""
        batch = self.batch.to(device)
        return self if batch is self.batch else StrokeFeatures(batch)

    def resampled(self, number: int) -> Tensor:
        """Return `number` points at equal distances along each stroke, (S, number, 2)."""
        if number not in self._samples:
            # The points that pairs are compared by are found by the same search.
            both = dict.fromkeys((number, PAIR_SAMPLES))
            missing = tuple(each for each in both if each not in self._samples)
            fraction_K = torch.cat([ragged.fractions(each) for each in missing])
            places_SK2 = ragged.along(
                self.batch.points_P2,
                self.batch.stroke_len_S,
                fraction_K.to(self.batch.points_P2.device),
            )
            self._samples.update(zip(missing, places_SK2.split(missing, dim=1), strict=True))
        return self._samples[number]

    def pair_places(self) -> Tensor:
        """Return the points that pairs are compared by, padded: (N, L, PAIR_SAMPLES, 2)."""
        return self.padded(self.resampled(PAIR_SAMPLES))

    def padded(self, values: Tensor) -> Tensor:
        """Return a value per stroke, (S, ...), padded with zeros to (N, L, ...)."""
        layout = self.batch.layout
        shape = (len(self.batch), layout.longest, *values.shape[1:])
        if layout.even:  # as for a single sketch
            return values.view(shape)
        padded = values.new_zeros(shape)
        padded[layout.sketch_of_S, layout.at_S] = values
        return padded

    def unpadded(self, values_NL: Tensor) -> Tensor:
        """Return the values of the strokes alone, (S, ...), of padded ones, (N, L, ...)."""
        layout = self.batch.layout
        if layout.even:
            return values_NL.flatten(0, 1)
        return values_NL[layout.sketch_of_S, layout.at_S]

    def pairs(self) -> Tensor | None:
        """Return the features of all pairs of each sketch, (N, L, L, F); None beyond MAX_PAIRS."""
        # A graph that is exported has one way for any number of strokes.
        fits = is_exporting() or len(self.batch) * self.batch.longest**2 <= MAX_PAIRS
        if self._pairs_NLLF is None and fits:
            places_NLK2 = self.pair_places()
            known_NLLF = None if self._unstretched is None else self._unstretched.pairs()
            within_NLL2 = None if known_NLLF is None else known_NLLF[..., -2:]
            self._pairs_NLLF = pair_features(places_NLK2, places_NLK2, within_NLL2)
        return self._pairs_NLLF

    def pairs_of_groups(self, strokes_GL: Tensor) -> Tensor | None:
        """Return the features of pairs of strokes in groups of the same sketch, (G, L, L, F).

        None unless those of all pairs are known already: groups alone may be fewer.
        """
        if self._pairs_NLLF is None:
            return None
        sketch_G = self.batch.sketch_of_S[strokes_GL[:, 0]]
        return _take_pairs(self._pairs_NLLF, sketch_G, self.batch.at_S[strokes_GL])

    def pairs_between(self, from_T: Tensor, to_T: Tensor) -> Tensor:
        """Return the features of some pairs of each sketch alone, (T, N, F).

        Args:
            from_T: positions in the sketches; where one has fewer strokes, they mean nothing.
            to_T: positions of the other strokes of the pairs.
        """
        pairs_NLLF = self.pairs()
        if pairs_NLLF is None:
            places_NLK2 = self.pair_places()
            ends = (places_NLK2[:, at_T].flatten(0, 1)[:, None] for at_T in (from_T, to_T))
            return pair_features(*ends).view(len(self.batch), len(from_T), -1).transpose(0, 1)
        # In the order in which they lie in memory.
        pairs_FLLN = pairs_NLLF.permute(3, 1, 2, 0)
        at_T = from_T * pairs_FLLN.shape[1] + to_T
        return pairs_FLLN.flatten(1, 2).index_select(1, at_T).permute(1, 2, 0)

    def select(self, strokes_T: Tensor, strokes_N: Tensor, category_N: Tensor) -> StrokeFeatures:
        """Return the features of some strokes, `strokes_N` of each sketch, where they lie.

        Those that were computed are taken from here, and not computed again.

        Args:
            strokes_T: indices of strokes, those of a sketch together.
            strokes_N: how many of them are of each sketch, at least 1.
            category_N: the category of each of these sketches.
        """
        selected = StrokeFeatures(self.batch.replace_strokes(strokes_T, strokes_N, category_N))
        selected._samples = {number: x[strokes_T] for number, x in self._samples.items()}
        if self._pairs_NLLF is not None:
            at_NL = selected.padded(self.batch.at_S[strokes_T])
            sketch_N = self.batch.sketch_of_S[strokes_T[ragged.starts(strokes_N)]]
            selected._pairs_NLLF = _take_pairs(self._pairs_NLLF, sketch_N, at_NL)
        return selected

    @property
    def fit_at_once(self) -> bool:
        """True if there are sketches, and they go through a network at once."""
        batch, points = self.batch, len(self.batch.points_P2)
        tokens = len(batch) * batch.longest
        max_tokens, max_points = packing.bounds(batch.points_P2.device)
        return len(batch) == 1 or (0 < tokens <= max_tokens and points <= max_points)

    def buckets(self) -> Iterator[tuple[Tensor | slice, Tensor | slice, StrokeFeatures]]:
        """Yield what goes through a network at once: indices of sketches, of strokes, features.

        Few sketches are one bucket as they are.
        """
        batch = self.batch
        if self.fit_at_once:
            yield slice(None), slice(None), self
            return
        for pick in packing.bucket_by_size(batch.layout, *packing.bounds(batch.points_P2.device)):
            strokes_T = batch.strokes_of(pick)
            some = self.select(strokes_T, batch.strokes_N[pick], batch.category_N[pick])
            yield pick, strokes_T, some


def _take_pairs(features_NLLF: Tensor, sketch_G: Tensor, at_GL: Tensor) -> Tensor:
    return features_NLLF[sketch_G[:, None, None], at_GL[:, :, None], at_GL[:, None]]


def pair_features(from_NMK2: Tensor, to_NLK2: Tensor, within_NML2: Tensor | None = None) -> Tensor:
    """Return what describes M strokes beside L strokes, (N, M, L, 20).

    The distance between them, their sizes, how their boxes overlap; how near the ends of each come
    to the other; and how much of each lies within the other's outline.

    Args:
        from_NMK2: points along the strokes.
        to_NLK2: points along those beside them.
        within_NML2: the last two of the features, where they are known.
    """
    alike = from_NMK2 is to_NLK2
    # Sketches come last in memory: each step then runs over long rows, however few strokes a
    # sketch has.
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
    few_2KLN = to_2KLN[:, ::3].contiguous()  # the last is an end, too
    few_2KMN = few_2KLN if alike else from_2KMN[:, ::3].contiguous()
    away_5MLN = _distances(few_2KMN, few_2KLN)
    if within_NML2 is None:
        holds_MLN = _within(few_2KLN, from_2KMN)
        # Among the same strokes, being held is the transpose of holding.
        held_LMN = holds_MLN if alike else _within(few_2KMN, to_2KLN)
        within_2MLN = torch.stack([holds_MLN, held_LMN.transpose(0, 1)])
    else:
        within_2MLN = within_NML2.permute(3, 1, 2, 0)
    features = [
        apart_2MLN,
        apart_2MLN / size_1MN.clamp(min=0.1)[:, :, None],
        larger_3MLN,
        overlap_2MLN.amin(0, keepdim=True),
        away_5MLN,
        (20 * away_5MLN).add_(1).reciprocal_(),
        within_2MLN,
    ]
    return torch.cat(features).permute(3, 1, 2, 0)


def _box(places_2KLN: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return each stroke's bounding box.

    Returns:
        Its lower and its higher corner; half its longer side, which is never 0; and (5) its centre
        and the logarithms of half of both sides and of the longer.
    """
    low_2LN, high_2LN = places_2KLN.amin(1), places_2KLN.amax(1)
    half_2LN = ((high_2LN - low_2LN) / 2).clamp(min=0.02)
    size_1LN = half_2LN.amax(0, keepdim=True)
    box_5LN = torch.cat([(low_2LN + high_2LN) / 2, half_2LN.log(), size_1LN.log()])
    return low_2LN, high_2LN, size_1LN, box_5LN


def _distances(from_2KMN: Tensor, to_2KLN: Tensor) -> Tensor:
    """Return how near two strokes come, and the ends of each to the other: nearer, farther, (5)."""
    # Not by matrix product: its cancellation loses the small distances that count here. The points
    # of the other stroke come after the row's stroke, so that the last dimensions lie in memory as
    # one long row, which single sketches need.
    x, y = from_2KMN[:, :, :, None, None] - to_2KLN[:, None, None]
    squared_KMKLN = x.mul_(x).addcmul_(y, y)
    to_own_MKLN, between_ends = squared_KMKLN.amin(0), len(squared_KMKLN) - 1
    own_ends_2MLN = squared_KMKLN[::between_ends].amin(2)
    other_ends_M2LN = to_own_MKLN[:, ::between_ends]
    nearest = [
        to_own_MKLN.amin(1),
        own_ends_2MLN.amin(0), own_ends_2MLN.amax(0),
        other_ends_M2LN.amin(1), other_ends_M2LN.amax(1),
    ]  # fmt: skip
    return torch.stack(nearest).sqrt_()


def _within(points_2KLN: Tensor, outline_2JMN: Tensor) -> Tensor:
    """Return the share of each stroke's points that lie within the closed outline of another.

    By counting the edges to the right of each (the even-odd rule, Shimrat 1962).

    Returns:
        (M, L, N).
    """
    ahead_2JMN = outline_2JMN.roll(-1, 1)
    run, rise = ahead_2JMN - outline_2JMN
    x_KLN, y_KLN = points_2KLN
    from_x, from_y = outline_2JMN[:, :, :, None, None]
    to_y, slope = ahead_2JMN[1, :, :, None, None], (run / rise)[:, :, None, None]
    edges = len(from_x)
    if not is_exporting():  # as one step of a graph instead of a hundred
        edges = max(1, _TESTS_AT_ONCE // (y_KLN.numel() * from_x.shape[1]))

    def odd_MKLN(a: int) -> Tensor:
        b = a + edges
        # A level edge has no slope, and is not crossed.
        crossing = (y_KLN - from_y[a:b]).mul_(slope[a:b]).add_(from_x[a:b])
        crossed = (x_KLN < crossing).logical_and_((from_y[a:b] > y_KLN) != (to_y[a:b] > y_KLN))
        return crossed[0] if len(crossed) == 1 else crossed.sum(0).bitwise_and_(1)

    within: Tensor = reduce(operator.ixor, map(odd_MKLN, range(0, len(from_x), edges)))
    return within.float().mean(1)  # not by `dtype`, which exporting to ONNX leaves out
