"""The two errors that a user can cause; everything else that is raised is a bug."""

from __future__ import annotations


class UserError(Exception):
    """A request that can't be carried out: said in one line, with the next step, at the door."""


class SketchError(ValueError):
    """A drawing or a record that can't be read: it is rejected by name and the rest goes on."""


def mistake_in(error: BaseException | None) -> UserError | None:
    """The user's mistake in an error, which may come wrapped from a worker."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, UserError):
            return error
        seen.add(id(error))
        error = getattr(error, "cause", None) or error.__cause__ or error.__context__
    return None
