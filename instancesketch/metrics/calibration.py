"""Calibration of scores: how often what has a score of 0.8 is right.

Letters in names: N scores, M bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.metrics.tally import Floats, Ints

BINS = 15


@dataclass(frozen=True, kw_only=True, eq=False)
class Reliability:
    """A table of bins of equally many scores, from the lowest to the highest."""

    count_M: Ints
    low_M: Floats  # the lowest score of each bin
    high_M: Floats
    score_M: Floats  # the mean score
    right_M: Floats  # the share of what is right

    @property
    def error(self) -> float | None:
        """The expected calibration error in percentage points; None without scores.

        The difference of score and share of right ones in each bin, averaged over the scores
        (Naeini et al. 2015; bins of equal mass as Nguyen and O'Connor 2015 have them).
        """
        if not len(self.count_M):
            return None
        gap_M = np.abs(self.score_M - self.right_M)
        return float(100 * (gap_M * self.count_M).sum() / self.count_M.sum())

    def rows(self) -> list[dict[str, Any]]:
        """Return the bins as plain numbers, shares in percent."""
        shares = {
            "low": self.low_M, "high": self.high_M, "score": self.score_M, "right": self.right_M
        }  # fmt: skip
        return [
            {"count": int(self.count_M[m]), **{k: 100 * float(v[m]) for k, v in shares.items()}}
            for m in range(len(self.count_M))
        ]


def reliability(score: npt.ArrayLike, right: npt.ArrayLike, bins: int = BINS) -> Reliability:
    """Sort scores into bins of equal mass and compare them with what is right.

    Args:
        score: (N,) from 0 to 1.
        right: (N,) whether what has the score is right.
        bins: the number of bins; fewer where there are fewer scores.
    """
    score_N, right_N = np.asarray(score, np.float64), np.asarray(right, np.float64)
    different, at_N, times = np.unique(score_N, return_inverse=True, return_counts=True)
    # The border between two bins may lie within equal scores: which of them are in which bin must
    # not depend on their order.
    right_N = (np.bincount(at_N, right_N, len(different)) / times)[at_N]
    order_N = np.argsort(score_N, kind="stable")
    members = np.array_split(order_N, max(1, min(bins, len(order_N)))) if len(order_N) else []

    def per_bin(values_N: Floats, function: Any) -> Floats:
        return np.array([function(values_N[m]) for m in members], np.float64)

    return Reliability(
        count_M=np.array([len(m) for m in members], np.int64),
        low_M=per_bin(score_N, np.min),
        high_M=per_bin(score_N, np.max),
        score_M=per_bin(score_N, np.mean),
        right_M=per_bin(right_N, np.mean),
    )
