"""Drawings of nothing known, told from known ones by a score of being known.

Letters in names: B sketches, K categories.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import PARTLESS, Taxonomy
from instancesketch.metrics.tally import Floats

_KEPT = 0.95  # share of known drawings that the threshold keeps


class Separation(NamedTuple):
    """Separation of known drawings from others by a score, in percent."""

    auroc: float | None  # area under the ROC curve; None where either are missing
    other_kept: float | None  # share of others that are kept where 95 % of the known are


def known_scores(probability: npt.ArrayLike, taxonomy: Taxonomy) -> Floats:
    """Return the probability that each sketch is of a category with parts, (B,).

    Args:
        probability: (B, K) of all categories, as `Segmenter.category_probabilities` returns them.
        taxonomy: of these categories.
    """
    known_K = [bool(c.parts) for c in taxonomy.categories.values()]
    known_B: Floats = np.asarray(probability, np.float64)[:, known_K].sum(axis=1)
    return known_B


def estimate_known(result: Sketch, taxonomy: Taxonomy) -> float:
    """Return an estimate of `known_scores` from the two guesses that a result has.

    The probability that they leave is spread evenly over the other categories. NaN where the
    result has no score, as with a category that was given.
    """
    if result.category_score is None:
        return float("nan")
    guesses = {result.category: result.category_score}
    if result.category_2 is not None:
        guesses[result.category_2] = result.category_2_score or 0.0
    left = [name for name in taxonomy.category_names if name not in guesses]
    known = sum(score for name, score in guesses.items() if name not in PARTLESS)
    if left:
        rest = max(0.0, 1 - sum(guesses.values()))
        known += rest * sum(name not in PARTLESS for name in left) / len(left)
    return known


def separate(
    known: npt.ArrayLike, is_other: npt.ArrayLike, times: npt.ArrayLike | None = None
) -> Separation:
    """Compare the scores of known and of other drawings.

    Args:
        known: (B,) scores of being known; those of NaN are left out.
        is_other: (B,) whether the truth is `other`.
        times: (B,) how often each counts; once each for None.
    """
    from sklearn.metrics import roc_auc_score, roc_curve  # takes half a second to import

    known_B, other_B = np.asarray(known, np.float64), np.asarray(is_other, bool)
    times_B = np.ones(len(known_B)) if times is None else np.asarray(times, np.float64)
    used_B = ~np.isnan(known_B) & (times_B > 0)
    known_B, other_B, times_B = known_B[used_B], other_B[used_B], times_B[used_B]
    if other_B.all() or not other_B.any():
        return Separation(None, None)
    area = roc_auc_score(~other_B, known_B, sample_weight=times_B)
    other_kept, kept, _ = roc_curve(
        ~other_B, known_B, sample_weight=times_B, drop_intermediate=False
    )
    # Rounding must not cost a step.
    first = int(np.searchsorted(kept, _KEPT - 1e-9))
    return Separation(100 * float(area), 100 * float(other_kept[first]))
