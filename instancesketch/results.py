"""What is done with a finished corpus or result: counted, compared with the truth, shown, written.

Each takes the location of a folder; `split` keeps only the truth's rows of that split.
"""

from __future__ import annotations

import heapq
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as fs

from instancesketch import metrics, storage
from instancesketch.errors import SketchError, UserError
from instancesketch.formats import WRITERS, write
from instancesketch.reasons import Reasons
from instancesketch.report import render_report
from instancesketch.schema import conform, flat_list, read_rows, value_counts
from instancesketch.sketch import Sketch
from instancesketch.taxonomy import Taxonomy

# Is told a folder, how many of its rows were read, and how many there are.
Watch = Callable[[str, int, int], None]

_COUNTED = ["source", "category", "split", "stroke_len", "part", "object_category"]


def _unwatched(corpus: str, read: int, rows: int) -> None:
    pass


def sketches(corpus: str, split: str | None = None, watch: Watch = _unwatched) -> Iterator[Sketch]:
    """Yields the rows of a corpus or result in order.

    Raises:
        UserError: it is no corpus, or a row is no sketch; names the row.
    """
    row, rows = 0, sum(map(storage.row_count, storage.row_files(corpus)))
    for table in storage.read_batches(corpus):
        try:
            for sketch in read_rows(table):
                if isinstance(sketch, SketchError):
                    raise UserError(f"{corpus}, row {row}: {sketch}")
                row += 1
                if split is None or sketch.split == split:
                    yield sketch
            watch(corpus, row, rows)
        except SketchError as error:
            raise UserError(f"{corpus}: {error}") from None


def taxonomy_of(corpus: str) -> Taxonomy | None:
    """The taxonomy that a result was labelled with; None for a corpus."""
    summary = storage.read_json(storage.join(corpus, "summary.json"))
    known = summary.get("taxonomy") if isinstance(summary, dict) else None
    return None if known is None else Taxonomy.from_dict(known)


def evaluate(
    result: str, truth: str, split: str | None = None, watch: Watch = _unwatched
) -> metrics.Evaluation:
    """Compares a result with a labelled corpus.

    Raises:
        UserError: one is no such folder, or they don't fit together.
    """
    taxonomy = taxonomy_of(result)
    if taxonomy is None:
        raise UserError(f"{result} is no result: `segment` makes one, with its taxonomy")
    true = list(sketches(truth, split, watch))
    if not true:
        raise UserError(f"{truth} has no rows{_of(split)}")
    asked = {sketch.sketch_id for sketch in true}
    found = (s for s in sketches(result, watch=watch) if split is None or s.sketch_id in asked)
    evaluation = metrics.evaluate(found, true, taxonomy)
    if evaluation.figures["missing"] == len(true):
        raise UserError(
            f"{result} has none of the drawings of {truth}{_of(split)}, such as "
            f"{true[0].sketch_id!r}: label those, or give their --truth"
        )
    return evaluation


def _of(split: str | None) -> str:
    return "" if split is None else f" of the split {split!r}"


def settings_of_run(folder: str) -> dict[str, Any] | None:
    """The settings of a training run or a sweep; None for a folder of anything else."""
    settings = storage.read_json(storage.join(folder, "config.json"))
    known = isinstance(settings, dict) and {"kind", "recipe"} <= settings.keys()
    return settings if known else None


def report(
    corpus: str,
    out: str,
    truth: str | None = None,
    split: str | None = None,
    watch: Watch = _unwatched,
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


def export(
    corpus: str,
    format: str,
    out: str,
    watch: Watch = _unwatched,
    *,
    uncertain: int | None = None,
    images: bool = False,
) -> int:
    """Writes a corpus or result in another format; returns the number of sketches.

    With `uncertain`, only so many: those whose labels are least sure, least sure first. With
    `images`, CVAT's are written, too.

    Raises:
        UserError: the format can't be written, the output folder isn't empty, `corpus` is none, or
            has no scores to choose by.
    """
    if format not in WRITERS:
        raise UserError(f"can't write {format!r}; it writes {', '.join(WRITERS)}")
    if images and format != "cvat":
        raise UserError("--images goes with --format cvat; other formats need none")
    refuse_taken(out)
    storage.row_files(corpus)  # says so before anything is written if it is no corpus
    rows: Iterable[Sketch] = sketches(corpus, watch=watch)
    if uncertain is not None:
        rows = least_sure(rows, uncertain, corpus)
    taxonomy = taxonomy_of(corpus)
    filesystem, path = storage.locate(out)
    if not isinstance(filesystem, fs.LocalFileSystem):
        return write(rows, format, path, filesystem, taxonomy, images)
    # Under another name until all is there, so that a half is never taken for the whole.
    storage.remove(f"{path}.part")
    number = write(rows, format, f"{path}.part", filesystem, taxonomy, images)
    storage.remove(path)
    storage.move(f"{path}.part", path)
    return number


def least_sure(rows: Iterable[Sketch], number: int, name: str) -> list[Sketch]:
    """So many of the sketches of a result, least sure first; of equals the earlier.

    Raises:
        UserError: the number isn't one, or a sketch has no scores.
    """
    if number < 1:
        raise UserError(f"--uncertain {number}: give a number of drawings from 1")

    def confidence(sketch: Sketch) -> float:
        if sketch.confidence is None:
            raise UserError(f"{name} has no scores: `segment` makes a result that has them")
        return sketch.confidence

    return heapq.nsmallest(number, rows, key=confidence)


def refuse_taken(out: str) -> None:
    """Makes sure that a folder is new, or empty.

    Raises:
        UserError: it isn't.
    """
    if storage.names_in(out) or (storage.exists(out) and not storage.is_folder(out)):
        raise UserError(f"{out} is there already: choose a new folder for --out")


def info(corpus: str, drawings: int = 0) -> dict[str, Any]:
    """Counts what a corpus or result holds.

    Returns:
        Numbers of sketches, strokes, points, errors and rejections, and of sketches by source,
        category and split (None where unknown), of strokes by part, of objects of scenes by
        category, of rejections by kind of `reason` and of errors by kind; and so many of the first
        drawings, each with its id, category, strokes by part, categories of objects and error.

    Raises:
        UserError: it is no corpus.
    """
    totals: Counter[str] = Counter(sketches=0, strokes=0, points=0, failed=0)
    by: dict[str, Counter[str | None]] = {n: Counter() for n in _COUNTED if n != "stroke_len"}
    reasons, errors = Reasons(), Reasons()
    for table in storage.read_batches(corpus):
        try:
            table = conform(table)
        except SketchError as error:
            raise UserError(f"{corpus}: {error}") from None
        lengths, _, _ = flat_list(table, "stroke_len")
        totals["sketches"] += len(table)
        totals["strokes"] += len(lengths)
        totals["points"] += int(lengths.sum())
        if "error" in table.column_names:
            told = value_counts(table["error"].drop_null())
            totals["failed"] += told.total()
            errors.add(told)
        for name, counts in by.items():
            column = table[name]
            if pa.types.is_list(column.type):
                column = pc.list_flatten(column)
            counts.update(value_counts(column))
    totals["rejected"] = 0
    if storage.exists(rejected := storage.join(corpus, "_rejected.parquet")):
        told = value_counts(storage.read_table(rejected, ["reason"])["reason"])
        totals["rejected"] = told.total()
        reasons.add(told)
    found: dict[str, Any] = {name: dict(counts.most_common()) for name, counts in by.items()}
    return (
        dict(totals)
        | found
        | {
            "reason": reasons.to_dict(),
            "error": errors.to_dict(),
            "drawings": [_in_short(sketch) for sketch in islice(sketches(corpus), drawings)],
        }
    )


def _in_short(sketch: Sketch) -> dict[str, Any]:
    return {
        "sketch_id": sketch.sketch_id,
        "category": sketch.category,
        "strokes": len(sketch),
        "part": dict(Counter(sketch.part or ()).most_common()),
        "object_category": None if sketch.object is None else list(sketch.object_category or ()),
        "error": sketch.error,
    }
