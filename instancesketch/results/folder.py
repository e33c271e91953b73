"""Read the taxonomy of a result and the config of a run from their folders."""

from __future__ import annotations

from typing import Any

from instancesketch.core import storage
from instancesketch.core.taxonomy import Taxonomy


def taxonomy_of(corpus: str) -> Taxonomy | None:
    """Return the taxonomy that a result was labelled with; None for a corpus."""
    summary = storage.read_json(storage.join(corpus, "summary.json"))
    # Only `segment` writes a taxonomy there; an ingest's summary has none.
    taxonomy = summary.get("taxonomy") if isinstance(summary, dict) else None
    return None if taxonomy is None else Taxonomy.from_dict(taxonomy)


def of_split(split: str | None) -> str:
    """Return ` of the split 'test'` for messages; nothing for None."""
    return "" if split is None else f" of the split {split!r}"


def run_config(folder: str) -> dict[str, Any] | None:
    """Return the config of a training run or a sweep; None for any other folder."""
    config = storage.read_json(storage.join(folder, "config.json"))
    is_run = isinstance(config, dict) and {"kind", "recipe"} <= config.keys()
    return config if is_run else None
