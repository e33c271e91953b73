"""Compare a result with a labelled corpus."""

from __future__ import annotations

from instancesketch import metrics
from instancesketch.core.errors import UserError
from instancesketch.core.parquet import OnProgress, read_sketches
from instancesketch.results.folder import _of, taxonomy_of


def evaluate(
    result: str, truth: str, split: str | None = None, on_progress: OnProgress | None = None
) -> metrics.Evaluation:
    """Compares a result with a labelled corpus.

    Raises:
        UserError: one is no such folder, or they don't fit together.
    """
    taxonomy = taxonomy_of(result)
    if taxonomy is None:
        raise UserError(f"{result} is no result: `segment` makes one, with its taxonomy")
    true = list(read_sketches(truth, split, on_progress))
    if not true:
        raise UserError(f"{truth} has no rows{_of(split)}")
    asked = {sketch.sketch_id for sketch in true}
    found = (
        s
        for s in read_sketches(result, on_progress=on_progress)
        if split is None or s.sketch_id in asked
    )
    evaluation = metrics.evaluate(found, true, taxonomy)
    if evaluation.figures["missing"] == len(true):
        raise UserError(
            f"{result} has none of the drawings of {truth}{_of(split)}, such as "
            f"{true[0].sketch_id!r}: label those, or give their --truth"
        )
    return evaluation
