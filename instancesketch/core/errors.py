"""Errors that users and their files can cause, and counts of the reasons that they give.

Everything else that is raised is a bug.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

# A file may hold a new label in every row: from here on names are masked as well.
_MAX_DISTINCT_REASONS = 1_000
_MAX_LISTED_REASONS = 50
_QUOTED = r"'[^']*'|\"[^\"]*\""
_PATH_OR_NUMBER = r"\S*/\S*|(?<![\w-])-?\d[\d.,e+]*(?!\w)"
_DETAIL = re.compile(f"{_QUOTED}|{_PATH_OR_NUMBER}")
_DETAIL_BUT_NAMES = re.compile(
    rf"(?<!label )(?<!category )(?<!column )(?:{_QUOTED})|{_PATH_OR_NUMBER}"
)


class UserError(Exception):
    """A request that can't be carried out; the CLI prints its one line, without a traceback."""


class TransientError(UserError):
    """A `UserError` that may not recur when retried: a server without answer, a lost worker."""


class SketchError(ValueError):
    """A sketch or record that can't be read; the reader rejects it by name and continues."""


def last_line(error: BaseException) -> str:
    """Return the last non-empty line of an error's message, or the error's type without one."""
    # Messages that come from a Ray worker end with the message of the original error.
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def find_user_error(error: BaseException | None) -> UserError | None:
    """Return the first `UserError` in an error's chain of causes, or None."""
    seen: set[int] = set()  # chains of causes can be circular
    while error is not None and id(error) not in seen:
        if isinstance(error, UserError):
            return error
        seen.add(id(error))
        # Ray keeps the error that a worker raised in an attribute `cause` of its own.
        error = getattr(error, "cause", None) or error.__cause__ or error.__context__
    return None


def mask_details(reason: str, keep_names: bool = True) -> str:
    """Replace quoted text, paths and numbers in a reason by `…`, so that equal reasons add up.

    Args:
        reason: the text of a rejection or an error.
        keep_names: leave the quoted names of labels, categories and columns as they are.
    """
    return (_DETAIL_BUT_NAMES if keep_names else _DETAIL).sub("…", reason)


class ReasonCounter:
    """Counts of reasons, with the details of single records masked."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, counts: Mapping[str, int]) -> None:
        """Add reasons, each with the number of times that it occurred."""
        for reason, number in counts.items():
            masked = mask_details(reason)
            # A bound on distinct reasons is a bound on the size of `summary.json`.
            if masked not in self._counts and len(self._counts) >= _MAX_DISTINCT_REASONS:
                masked = mask_details(reason, keep_names=False)
            self._counts[masked] += number

    @property
    def counts(self) -> dict[str, int]:
        """Return the counts of all masked reasons."""
        return dict(self._counts)

    def to_dict(self) -> dict[str, int]:
        """Return the most frequent masked reasons, in descending order of their counts."""
        listed = self._counts.most_common(_MAX_LISTED_REASONS)
        return {reason: number for reason, number in listed if number}
