"""The taxonomies that corpora were made with, as their folders keep them."""

from __future__ import annotations

from collections.abc import Sequence

from instancesketch.core import run_folder, storage
from instancesketch.core.taxonomy import Taxonomy


def made_with(corpora: Sequence[str]) -> list[Taxonomy]:
    """Return the distinct taxonomies that corpora were made with; empty where none was named."""
    found: list[Taxonomy] = []
    for corpus in corpora:
        file = storage.join(corpus, run_folder.JOB.config_file)
        named = (storage.read_json(file) or {}).get("taxonomy")
        if isinstance(named, str):
            # By an earlier version, in another working folder, where a path means nothing here.
            taxonomy = Taxonomy.load(named) if named in Taxonomy.shipped() else None
        else:
            taxonomy = Taxonomy.from_dict(named) if isinstance(named, dict) else None
        if taxonomy is not None and taxonomy not in found:
            found.append(taxonomy)
    return found
