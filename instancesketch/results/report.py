"""Write a result or corpus as one HTML page."""

from __future__ import annotations

import posixpath

from instancesketch.core import storage
from instancesketch.core.parquet import OnProgress, read_sketches
from instancesketch.report import render_report
from instancesketch.results.evaluate import evaluate
from instancesketch.results.folder import taxonomy_of


def report(
    corpus: str,
    out: str,
    truth: str | None = None,
    split: str | None = None,
    on_progress: OnProgress | None = None,
) -> None:
    """Writes a result or corpus as one HTML page, beside the truth where that is given.

    Raises:
        UserError: one is no such folder, they don't fit together, or the page can't be written.
    """
    figures, true, shown = None, None, read_sketches(corpus, split, on_progress)
    if truth is not None:
        figures = evaluate(corpus, truth, split, on_progress).figures
        true = {s.sketch_id: s for s in read_sketches(truth, split, on_progress)}
        shown = (
            s
            for s in read_sketches(corpus, on_progress=on_progress)
            if split is None or s.sketch_id in true
        )
    page = render_report(
        shown,
        title=posixpath.basename(storage.absolute(corpus)),
        truth=true,
        figures=figures,
        taxonomy=taxonomy_of(corpus),
    )
    storage.write_text(out, page)
