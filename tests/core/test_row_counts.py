"""Counts of a corpus: right for every role, kept where they can be, never those of other rows."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from instancesketch.batch.config import IngestConfig, ScenesConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.ingest import ingest
from instancesketch.batch.synthesize import synth_scenes
from instancesketch.core import parquet, row_counts
from instancesketch.core.schema import count_values, from_table, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.training.roles import count_roles, count_splits, role_mask
from tests.drawings import composed, corpus, drawn, sketch_of

SPLITS = ("train", "train", "valid", "test", None)
RUNNER = InProcessRunner()


def rows_of_all_kinds() -> list[Sketch]:
    """Return drawings of every split, with and without labels and categories, and scenes."""
    drawings = drawn(60, seed=3)
    odd = [
        sketch_of([(0, 0)], sketch_id="of another category", category="sun", part=("petal",)),
        sketch_of([(0, 0)], sketch_id="of no category", category="sun", part=("antenna",)),
        sketch_of([(0, 0)], sketch_id="unlabelled", category="sun"),
        sketch_of([(0, 0)], sketch_id="without a category", part=("ray",)),
        sketch_of([(0, 0)], sketch_id="of an unknown category", category="teapot", part=("ray",)),
    ]
    rows = [*drawings, *odd, *composed(12)]
    return [s.replace(split=SPLITS[i % len(SPLITS)]) for i, s in enumerate(rows)]


def refuse_to_survey(files: Any) -> Any:
    raise AssertionError(f"{files} would be read")


@pytest.mark.parametrize("labels", ["parts", "objects"])
@pytest.mark.parametrize("selection", ["valid", "tenth", "none"])
@pytest.mark.parametrize("name", ["doodle7", "spg20", "default"])
def test_counts_are_those_of_the_rows_of_every_role(
    tmp_path: Path, name: str, selection: Any, labels: Any
) -> None:
    taxonomy = Taxonomy.load(name)
    counts = row_counts.load([corpus(tmp_path, rows_of_all_kinds(), rows_per_group=9, files=2)])
    for role in ("train", "select"):
        groups = count_roles(counts, role, selection, taxonomy, labels)
        assert len(groups) == 10
        for group in groups:
            table = parquet.read_row_group(
                group.path, group.number, list(to_table([]).schema.names)
            )
            mask = role_mask(table, role, selection, taxonomy, labels)
            rows = from_table(table.filter(pa.array(mask)))
            assert group.rows == len(rows)
            if labels == "objects":
                continue
            named = zip(taxonomy.category_names, group.categories, strict=True)
            classes = Counter(taxonomy.class_of(s.category) for s in rows)
            assert {n: c for n, c in named if c} == classes
            parts = Counter(p for s in rows for p in s.part or () if p in taxonomy.part_names)
            named = zip(taxonomy.part_names, group.parts, strict=True)
            assert {n: c for n, c in named if c} == parts
            assert group.instances == sum((i or 0) > 0 for s in rows for i in s.instance or ())
            assert set(group.unknown_labels) == {
                f"{part!r} of {category}"
                for s in rows
                for category in [taxonomy.class_of(s.category)]
                for part in s.part or ()
                if part not in taxonomy.categories[category].parts
            }


def test_ingest_counts_what_it_writes(tmp_path: Path) -> None:
    rows = [s for s in rows_of_all_kinds() if s.sketch_id[0] != "u"]
    # The second file has the ids of the first again, and one of its own.
    for name, part in (("a", rows[:40]), ("b", rows[:40]), ("c", rows[39:])):
        parquet.write_table(f"{tmp_path}/source/{name}.parquet", to_table(part))
    out = str(tmp_path / "corpus")
    summary = ingest(IngestConfig(sources=(f"{tmp_path}/source",), out=out, quiet=True), RUNNER)
    assert (summary.rows, summary.rejected) == (len(rows), 41)
    kept = row_counts.load([out], refuse_to_survey)
    again = pa.concat_tables(row_counts.survey_files(parquet.list_row_files(out)))
    assert kept.equals(again)
    (table,) = parquet.read_batches(out)
    assert count_splits(kept) == count_values(table["split"])


def test_synth_counts_what_it_writes(tmp_path: Path) -> None:
    out = str(tmp_path / "scenes")
    synth_scenes(ScenesConfig(number=20, out=out, quiet=True), RUNNER)
    assert count_splits(row_counts.load([out], refuse_to_survey)) == {"train": 18, "valid": 2}


def test_file_that_has_changed_is_counted_anew_and_the_others_are_not(tmp_path: Path) -> None:
    location = corpus(tmp_path, rows_of_all_kinds(), files=3)
    first = row_counts.load([location])
    assert row_counts.load([location], refuse_to_survey).equals(first)
    files = parquet.list_row_files(location)
    table = parquet.read_table(files[1])
    words = ["cat" if word == "sun" else word for word in table["category"].to_pylist()]
    parquet.write_table(files[1], table.set_column(2, "category", pa.array(words)))
    surveyed = []

    def survey(files: Any) -> Any:
        surveyed.extend(files)
        return row_counts.survey_files(files)

    now = row_counts.load([location], survey)
    assert surveyed == [files[1]]
    assert "cat" in now["category"].to_pylist()
    assert row_counts.load([location], refuse_to_survey).equals(now)
    Path(files[0]).unlink()
    assert set(row_counts.load([location], refuse_to_survey)["file"].to_pylist()) == set(files[1:])


def test_file_of_equal_size_with_other_rows_is_another(tmp_path: Path) -> None:
    file = f"{tmp_path}/0.parquet"
    found = []
    for word in ("sun", "cat"):
        parquet.write_table(file, to_table([sketch_of([(0, 0)], category=word)]))
        found.append(parquet.identify(file))
    assert found[0][0] == found[1][0]
    assert found[0] != found[1]


def test_counts_of_another_version_or_damaged_ones_are_not_used(tmp_path: Path) -> None:
    location = corpus(tmp_path, drawn(9))
    counts = row_counts.load([location])
    kept = tmp_path / "_state/groups.parquet"
    parquet.write_table(str(kept), counts.drop_columns(["tenth"]))
    assert row_counts.load([location]).equals(counts)
    kept.write_bytes(kept.read_bytes()[:-20])
    assert row_counts.load([location]).equals(counts)
    assert row_counts.load([location], refuse_to_survey).equals(counts)


def test_counts_of_a_folder_that_cannot_be_written_are_kept_beside_the_runs(tmp_path: Path) -> None:
    location = corpus(tmp_path / "corpus", drawn(9))
    (tmp_path / "corpus/_state").write_text("a file where the folder would be")
    runs = str(tmp_path / "runs")
    counts = row_counts.load([location], keep_beside=runs)
    assert row_counts.load([location], refuse_to_survey, runs).equals(counts)
    with pytest.raises(AssertionError, match="would be read"):
        row_counts.load([location], refuse_to_survey)


def test_footer_is_found_however_long_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = f"{corpus(tmp_path, drawn(30), rows_per_group=1)}/0.parquet"
    found = parquet.identify(location)
    monkeypatch.setattr(parquet, "_FOOTER_BYTES", 99)
    assert parquet.identify(location) == found
    assert found[0] == Path(location).stat().st_size


def test_row_group_without_rows_is_not_forgotten() -> None:
    counts = row_counts.count_rows(to_table([]))
    assert counts["rows"].to_pylist() == [0]
    (group,) = count_roles(
        row_counts.name_file(counts, "a", (1, "")), "train", "none", Taxonomy.load("doodle7")
    )
    assert group.rows == 0
    assert np.sum(group.parts) == 0
