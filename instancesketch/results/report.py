"""Write the report of a result or corpus: one HTML page."""

from __future__ import annotations

import posixpath

from instancesketch.core import storage
from instancesketch.core.parquet import OnProgress, read_sketches
from instancesketch.report import write_report
from instancesketch.results.evaluate import evaluate
from instancesketch.results.folder import taxonomy_of
from instancesketch.results.rejections import read_rejections, to_page
from instancesketch.results.source_files import SourceFiles


def report(
    corpus: str,
    out: str,
    truth: str | None = None,
    split: str | None = None,
    on_progress: OnProgress | None = None,
) -> None:
    """Write a result or corpus as one HTML page.

    Args:
        corpus: folder of a result or corpus.
        out: the page.
        truth: folder of a labelled corpus, shown beside it.
        split: show only the truth's rows of this split (without truth, the corpus's); None: all.
        on_progress: called with the progress of reading.

    Raises:
        UserError: a folder isn't of that kind, the two have no drawing in common, or the page
            can't be written.
    """
    figures, true, rows = None, None, read_sketches(corpus, split, on_progress)
    if truth is not None:
        figures = evaluate(corpus, truth, split, on_progress).figures
        # The truth is kept in memory, since a result may have its rows in any order.
        true = {s.sketch_id: s for s in read_sketches(truth, split, on_progress)}
        # The result is filtered by the truth's ids, since only the truth's splits count.
        rows = (
            s
            for s in read_sketches(corpus, on_progress=on_progress)
            if split is None or s.sketch_id in true
        )
    # `rows` is a generator: a result larger than memory is read once, row by row.
    found = read_rejections(corpus)
    write_report(
        rows,
        out,
        title=posixpath.basename(storage.absolute(corpus)),
        truth=true,
        figures=figures,
        taxonomy=taxonomy_of(corpus),
        not_read=() if found is None else to_page(found),
        address_of=SourceFiles(corpus, out).address_of,
    )
