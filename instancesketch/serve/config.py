"""The config of the server, apart from what carries it out: the command line stays light."""

from __future__ import annotations

from dataclasses import dataclass, field

from instancesketch.batch.config import WEIGHTS, SegmentConfig
from instancesketch.core.config import option

DEFAULT_PORT = 8754


@dataclass(frozen=True, kw_only=True)
class DrawConfig:
    """The weights that label, where the page is served, and where drawings are kept."""

    weights: tuple[str, ...] = field(default=SegmentConfig.weights, metadata=WEIGHTS)
    # None: the first of `DEFAULT_PORT` and any free one.
    port: int | None = field(
        default=None,
        metadata=option(
            f"port of the page; 0: any free one (default: {DEFAULT_PORT}, or any free one)",
            metavar="P",
        ),
    )
    host: str = field(
        default="127.0.0.1",
        metadata=option("address of this machine alone: 127.0.0.1, ::1 or localhost", metavar="H"),
    )
    # None: the page has no such button.
    corpus: str | None = field(
        default=None,
        metadata=option(
            "folder for drawings that are added to the corpus on the page; `ingest` reads it",
            metavar="DIR",
        ),
    )
    no_open: bool = field(default=False, metadata=option("open no browser"))
