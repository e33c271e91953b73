"""Why drawings were rejected or failed, counted by kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

# Names of labels, categories and columns stay until there are so many that somebody plays.
_MOST_KINDS = 1_000
_MOST_TOLD = 50

_QUOTED = r"'[^']*'|\"[^\"]*\""
_OTHER = r"\S*/\S*|(?<![\w-])-?\d[\d.,e+]*(?!\w)"
_ALL = re.compile(f"{_QUOTED}|{_OTHER}")
_ALL_BUT_NAMES = re.compile(rf"(?<!label )(?<!category )(?<!column )(?:{_QUOTED})|{_OTHER}")


def kind_of(reason: str, names: bool = True) -> str:
    """A reason without what is particular to one record: quoted text, paths and numbers.

    Args:
        reason: as it was noted.
        names: whether the label, category or column that it is about stays.
    """
    return (_ALL_BUT_NAMES if names else _ALL).sub("…", reason)


class Reasons:
    """Counts reasons by kind."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, counts: Mapping[str, int]) -> None:
        """Adds reasons, each so many times."""
        for reason, number in counts.items():
            kind = kind_of(reason)
            if kind not in self._counts and len(self._counts) >= _MOST_KINDS:
                kind = kind_of(reason, names=False)
            self._counts[kind] += number

    def to_dict(self) -> dict[str, int]:
        """The most frequent kinds, the commonest first."""
        return {kind: number for kind, number in self._counts.most_common(_MOST_TOLD) if number}
