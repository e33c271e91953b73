"""What is done with a finished corpus or result: counted, compared with the truth, shown, written.

Each takes the location of a folder; `split` keeps only the truth's rows of that split.
"""

from __future__ import annotations

from typing import Any

from instancesketch.core import storage
from instancesketch.core.taxonomy import Taxonomy


def taxonomy_of(corpus: str) -> Taxonomy | None:
    """The taxonomy that a result was labelled with; None for a corpus."""
    summary = storage.read_json(storage.join(corpus, "summary.json"))
    known = summary.get("taxonomy") if isinstance(summary, dict) else None
    return None if known is None else Taxonomy.from_dict(known)


def _of(split: str | None) -> str:
    return "" if split is None else f" of the split {split!r}"


def settings_of_run(folder: str) -> dict[str, Any] | None:
    """The settings of a training run or a sweep; None for a folder of anything else."""
    settings = storage.read_json(storage.join(folder, "config.json"))
    known = isinstance(settings, dict) and {"kind", "recipe"} <= settings.keys()
    return settings if known else None
