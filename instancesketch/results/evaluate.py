"""Evaluate a result against the labels of a corpus."""

from __future__ import annotations

import logging

from instancesketch import metrics
from instancesketch.core.errors import UserError
from instancesketch.core.parquet import OnProgress, read_sketches
from instancesketch.results.folder import of_split, taxonomy_of

_log = logging.getLogger(__name__)


def evaluate(
    result: str, truth: str, split: str | None = None, on_progress: OnProgress | None = None
) -> metrics.Evaluation:
    """Evaluate a result against the labels of a corpus.

    Args:
        result: folder of a result.
        truth: folder of a labelled corpus.
        split: evaluate only the truth's rows of this split; None: all.
        on_progress: called with the progress of reading.

    Raises:
        UserError: a folder isn't of that kind, or the two have no drawing in common.
    """
    taxonomy = taxonomy_of(result)
    if taxonomy is None:
        raise UserError(f"{result} is not a result: `segment` writes one, with its taxonomy")
    if taxonomy_of(truth) is not None:
        _log.warning("%s is a result: its labels are those of a model, not the truth", truth)
    true = list(read_sketches(truth, split, on_progress))
    # Checked before the result is read, which takes longer.
    if not true:
        raise UserError(f"{truth} has no rows{of_split(split)}")
    # By the truth's ids: whatever split the result's rows have, only the truth's counts.
    ids = {sketch.sketch_id for sketch in true}
    predicted = (
        s
        for s in read_sketches(result, on_progress=on_progress)
        if split is None or s.sketch_id in ids
    )
    evaluation = metrics.evaluate(predicted, true, taxonomy)
    # Figures of nothing would look like a model that is always wrong.
    if evaluation.figures["missing"] == len(true):
        raise UserError(
            f"{result} has none of the drawings of {truth}{of_split(split)}, such as "
            f"{true[0].sketch_id!r}: label those, or give their --truth"
        )
    return evaluation
