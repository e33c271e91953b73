"""Make labelled rows of the drawings of a result that a person has corrected."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.batch.config import AUTO, IngestConfig
from instancesketch.batch.job import Summary, refuse_overlap
from instancesketch.core import parquet, run_folder, storage
from instancesketch.core.errors import SketchError, UserError
from instancesketch.core.hashing import assign_split
from instancesketch.core.schema import iter_sketches, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.results.corrections import Correction, correct, read_corrections
from instancesketch.results.folder import taxonomy_of

_NAMED = 3  # unknown ids that a message names


def ingest_corrected(config: IngestConfig) -> Summary:
    """Write the corrected drawings of a result as a corpus.

    They are few, for a person has looked at each, so that this is done in one step: a command that
    is stopped begins anew, and one that was finished does nothing.

    Raises:
        UserError: the source is not one result, a correction doesn't fit it, or the folder holds
            something else.
    """
    assert config.corrections is not None
    source = _only_source(config)
    refuse_overlap(config.sources, config.out)
    corrections = read_corrections(config.corrections)
    taxonomy = _taxonomy(config, source)
    out = storage.absolute(config.out)
    claimed = {
        "verb": "ingest",
        "sources": [{"source": source}],
        "corrections": hashlib.blake2b(
            storage.read_bytes(config.corrections), digest_size=16
        ).hexdigest(),
        "taxonomy": taxonomy.to_dict(),
    }
    finished = (
        run_folder.read_summary(out)
        if run_folder.is_claimed(out, claimed, run_folder.JOB)
        else None
    )
    if finished is not None:
        return Summary(location=out, counts=finished, finished_before=True)
    # All is checked before anything is written.
    rows, others = _corrected_rows(source, corrections, taxonomy, config.corrections)
    run_folder.claim(out, claimed, run_folder.JOB)
    parquet.write_table(storage.join(out, "part-000000.parquet"), to_table(rows))
    counts = {
        "rows": len(rows),
        "strokes": sum(map(len, rows)),
        "objects": sum(len(s.object_category or ()) for s in rows),
        "failed": 0,
        "rejected": 0,
        "rejected_by_reason": {},
        "left_out": 0,
        "left_out_by_reason": {},
        "not_corrected": others,
    }
    storage.write_json(storage.join(out, run_folder.SUMMARY), counts)
    return Summary(location=out, counts=counts)


def _only_source(config: IngestConfig) -> str:
    """Return the location of the result that is corrected.

    Raises:
        UserError: there are several sources, or an option that goes with files is given.
    """
    if len(config.sources) != 1:
        raise UserError("--corrections goes with one result, that of the report")
    given = {
        "--format": config.format != AUTO,
        "--trace": config.trace,
        "--shuffle-strokes": config.shuffle_strokes is not None,
        "--split": config.split is not None,
    }
    if unfit := [option for option, is_given in given.items() if is_given]:
        raise UserError(f"{unfit[0]} goes with files, and --corrections with a result")
    source = storage.absolute(config.sources[0])
    parquet.list_row_files(source)  # raises if it is not a corpus or result
    return source


def _taxonomy(config: IngestConfig, source: str) -> Taxonomy:
    if config.taxonomy is not None:
        return Taxonomy.load(config.taxonomy)
    taxonomy = taxonomy_of(source)
    if taxonomy is None:
        raise UserError(f"{config.sources[0]} is no result, which has a taxonomy: give --taxonomy")
    return taxonomy


def _corrected_rows(
    source: str, corrections: dict[str, Correction], taxonomy: Taxonomy, file: str
) -> tuple[list[Sketch], int]:
    """Return the corrected drawings in the order of the result, and the number of all others.

    Raises:
        UserError: the result lacks a drawing, or a correction doesn't fit; names the drawing.
    """
    ids = pa.array(corrections)
    found: dict[str, Sketch] = {}
    others = 0
    for table in parquet.read_batches(source):
        wanted = table.filter(pc.is_in(table["sketch_id"], value_set=ids))
        others += len(table) - len(wanted)
        for sketch in iter_sketches(wanted):
            if isinstance(sketch, SketchError):
                raise UserError(f"{source}: {sketch}")
            try:
                labelled = correct(sketch, corrections[sketch.sketch_id], taxonomy)
            except SketchError as error:
                raise UserError(f"{file}: {sketch.sketch_id!r}: {error}") from None
            split = sketch.split or assign_split(sketch.sketch_id)
            found[sketch.sketch_id] = labelled.replace(split=split)
    if missing := [repr(each) for each in corrections if each not in found]:
        more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
        raise UserError(f"{file}: {source} has no drawing {', '.join(missing[:_NAMED])}{more}")
    return list(found.values()), others
