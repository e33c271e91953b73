"""The two errors that a user can cause; everything else that is raised is a bug."""

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


class UserError(Exception):
    """A request that can't be carried out: said in one line, with the next step, at the door."""


class PassingError(UserError):
    """One that may be gone when it is tried again: a place that doesn't answer, lost workers."""


class SketchError(ValueError):
    """A drawing or a record that can't be read: it is rejected by name and the rest goes on."""


def last_line(error: BaseException) -> str:
    """The line that says most of an error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def mistake_in(error: BaseException | None) -> UserError | None:
    """The user's mistake in an error, which may come wrapped from a worker."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, UserError):
            return error
        seen.add(id(error))
        error = getattr(error, "cause", None) or error.__cause__ or error.__context__
    return None


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
