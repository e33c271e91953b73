"""Read what a folder says of itself: a result its taxonomy, a run its config."""

from __future__ import annotations

from typing import Any

from instancesketch.core import storage
from instancesketch.core.taxonomy import Taxonomy


def taxonomy_of(corpus: str) -> Taxonomy | None:
    """Return the taxonomy that a result was labelled with; None for a corpus."""
    summary = storage.read_json(storage.join(corpus, "summary.json"))
    known = summary.get("taxonomy") if isinstance(summary, dict) else None
    return None if known is None else Taxonomy.from_dict(known)


def of_split(split: str | None) -> str:
    """Return ` of the split 'test'` for messages; nothing for None."""
    return "" if split is None else f" of the split {split!r}"


def run_config(folder: str) -> dict[str, Any] | None:
    """Return the config of a training run or a sweep; None for any other folder."""
    settings = storage.read_json(storage.join(folder, "config.json"))
    known = isinstance(settings, dict) and {"kind", "recipe"} <= settings.keys()
    return settings if known else None
