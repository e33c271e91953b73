"""Write a result or corpus as one HTML page."""

from __future__ import annotations

import posixpath

from instancesketch.core import storage
from instancesketch.core.parquet import Watch, sketches, unwatched
from instancesketch.report import render_report
from instancesketch.results.evaluate import evaluate
from instancesketch.results.folder import taxonomy_of


def report(
    corpus: str,
    out: str,
    truth: str | None = None,
    split: str | None = None,
    watch: Watch = unwatched,
) -> None:
    """Writes a result or corpus as one HTML page, beside the truth where that is given.

    Raises:
        UserError: one is no such folder, they don't fit together, or the page can't be written.
    """
    figures, true, shown = None, None, sketches(corpus, split, watch)
    if truth is not None:
        figures = evaluate(corpus, truth, split, watch).figures
        true = {s.sketch_id: s for s in sketches(truth, split, watch)}
        shown = (s for s in sketches(corpus, watch=watch) if split is None or s.sketch_id in true)
    page = render_report(
        shown,
        title=posixpath.basename(storage.absolute(corpus)),
        truth=true,
        figures=figures,
        taxonomy=taxonomy_of(corpus),
    )
    storage.write_text(out, page)
