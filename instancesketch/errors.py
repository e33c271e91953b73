"""The two errors that a user can cause; everything else that is raised is a bug."""

from __future__ import annotations


class UserError(Exception):
    """A request that can't be carried out: said in one line, with the next step, at the door."""


class PassingError(UserError):
    """One that may be gone when it is tried again: a place that doesn't answer, lost workers."""


class SketchError(ValueError):
    """A drawing or a record that can't be read: it is rejected by name and the rest goes on."""


def diverged(what: str, epoch: int) -> UserError:
    """What ends a training that has learned nothing but numbers that are none, in that epoch."""
    return UserError(f"{what}'s loss is no number in epoch {epoch}; lower learning_rate")


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
