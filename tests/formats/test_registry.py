"""All formats: real data sets, broken files, and sketches written and read back."""

import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import fs

from instancesketch import formats
from instancesketch.core.hashing import assign_split
from instancesketch.core.schema import LABEL_COLUMNS
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import (
    FORMATS,
    WRITABLE,
    FileRange,
    Record,
    Rejection,
    read,
    sniff,
    write,
)
from tests.formats.broken import drawing, write_broken
from tests.formats.conftest import read_file
from tests.formats.strategies import DOODLE7, PRINTABLE, TEXT, sketches

LOCAL = fs.LocalFileSystem()


def files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def drawings(folder: Path) -> list[Path]:
    """Return the files that hold drawings."""
    return [p for p in files(folder) if sniff(str(p), LOCAL) != "companion"]


def whole(*values):
    return pytest.param(*values, marks=pytest.mark.nightly)  # seconds, for files that are alike


@pytest.mark.parametrize(
    ("folder", "every", "drawings", "strokes", "splits"),
    [
        whole("spg", 1, 14_000, 90_334, {"train": 13_000, "valid": 1_000}),
        whole("doodle7-real", 1, 1_932, 15_360, {None: 1_932}),
        whole("quickdraw", 1, 8_483, 44_783, {None: 8_483}),
        ("semantic-parts", 1, 955, 7_343, {None: 955}),
        ("scenes", 1, 679, 23_112, {None: 679}),
        ("spg", 13, 1_400, 9_831, {"train": 1_300, "valid": 100}),
        ("doodle7-real", 10, 219, 1_782, {None: 219}),
        ("quickdraw", 10, 867, 4_289, {None: 867}),
    ],
)
def test_real_data_sets_are_read_completely(data_dir, folder, every, drawings, strokes, splits):
    """Read whole data sets, or every so many-th of their files."""
    with_drawings = [p for p in files(data_dir / folder) if sniff(str(p), LOCAL) != "companion"]
    found = [r for p in with_drawings[::every] for r in read_file(p)]
    assert [r for r in found if isinstance(r, Rejection)] == []
    sketches = [r.sketch for r in found if isinstance(r, Record)]
    assert len(sketches) == len({s.sketch_id for s in sketches}) == drawings
    assert sum(len(s) for s in sketches) == strokes
    assert Counter(s.split for s in sketches) == splits


def test_real_labels_are_canonical(data_dir):
    for set_name, taxonomy in (("doodle7-real", "doodle7"), ("spg", "spg20")):
        known = Taxonomy.load(taxonomy)
        paths = [p for p in files(data_dir / set_name) if p.suffix in (".json", ".xml", ".ndjson")]
        for path in paths[:: len(paths) // 8]:
            for record in read_file(path):
                category = known.categories[record.sketch.category]
                assert set(record.sketch.part) <= set(category.parts)


@pytest.mark.parametrize("big", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_broken_files_are_rejected_by_name_and_all_others_read(tmp_path, big):
    broken = write_broken(tmp_path / "broken", big)
    assert len(broken.reasons) >= 20
    good, rejected = 0, {}
    for path in files(tmp_path / "broken"):
        if sniff(str(path), LOCAL) == "companion":
            continue
        for found in read_file(path):
            if isinstance(found, Rejection):
                assert found.file == str(path)
                rejected.setdefault(str(path.relative_to(tmp_path / "broken")), []).append(found)
            else:
                good += 1
    assert good == broken.good
    assert set(rejected) == set(broken.reasons)
    for name, reason in broken.reasons.items():
        assert [reason in r.reason for r in rejected[name]] == [True], rejected[name]


def test_reading_a_pickle_runs_no_code(tmp_path):
    write_broken(tmp_path / "broken", big=False)
    read_file(tmp_path / "broken" / "pickle.npz")
    assert not hasattr(sys, "instancesketch_was_here")


@pytest.mark.parametrize("form", sorted(FORMATS))
@pytest.mark.parametrize("path", ["missing.file", "."])
def test_a_missing_file_or_a_folder_is_one_rejection(tmp_path, form, path):
    (found,) = read(FileRange(path=str(tmp_path / path), format=form), LOCAL)
    assert isinstance(found, Rejection)
    assert found.reason


def expected(sketch: Sketch, form: str) -> Sketch:
    """Return a sketch without what a format can't hold, by the table in the package's docstring."""
    if form == "quickdraw" and sketch.word is None:
        return sketch.replace(word=sketch.category)
    if form == "svg" and sketch.instance is not None and set(sketch.instance) == {None}:
        return sketch.replace(instance=None)
    return sketch


@pytest.mark.parametrize("form", WRITABLE)
@given(data=st.data())
def test_written_sketches_read_back(tmp_path_factory, form, data):
    text = PRINTABLE if form in ("svg", "cvat") else TEXT
    drawn = data.draw(st.lists(sketches(text), max_size=3, unique_by=lambda s: s.sketch_id))
    out = tmp_path_factory.mktemp("out")
    assert write(drawn, form, str(out), LOCAL) == len(drawn)
    found = {}
    for path in drawings(out) if drawn else []:
        assert sniff(str(path), LOCAL) == form
        for record in read_file(path, taxonomy=DOODLE7):
            assert isinstance(record, Record), record
            found[record.sketch.sketch_id] = record.sketch
    assert found == {s.sketch_id: expected(s, form) for s in drawn}


@pytest.mark.parametrize("form", WRITABLE)
@pytest.mark.parametrize("category", ["other", "scene"])
def test_a_drawing_without_parts_reads_back_without_them(tmp_path, form, category):
    sketch = Sketch.from_strokes(
        [[(0, 0), (9, 9)], [(4, 4)]],
        sketch_id="1",
        category=category,
        word="teapot",
        category_score=0.5,
        category_2="car",
        category_2_score=0.25,
    )
    write([sketch], form, str(tmp_path), LOCAL)
    (record,) = (r for path in drawings(tmp_path) for r in read_file(path))
    assert record.sketch == sketch.replace(
        category_score=None, category_2=None, category_2_score=None
    )


@pytest.mark.parametrize("form", WRITABLE)
def test_a_real_sketch_reads_back_without_naming_a_taxonomy(data_dir, tmp_path, form):
    path = next(iter(files(data_dir / "doodle7-real" / "json" / "car")))
    (record,) = read_file(path)
    write([record.sketch], form, str(tmp_path / form))
    (again,) = [r for p in drawings(tmp_path / form) for r in read_file(p)]
    assert again.sketch == record.sketch


@pytest.mark.parametrize("form", WRITABLE)
@given(data=st.data())
def test_damaged_files_are_read_or_rejected(tmp_path_factory, form, data):
    """Change, insert and delete bytes at random positions; reading never raises."""
    out = tmp_path_factory.mktemp("out")
    write([data.draw(sketches(PRINTABLE)) for _ in range(2)], form, str(out))
    path = drawings(out)[0]
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        junk = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"[", b"}", b"9" * 400, b"<", b'"'])
        )
        content[at : at + data.draw(st.integers(0, 3))] = junk
        content = content or bytearray(b"x")
    path.write_bytes(content)
    for found in read_file(path, form):
        assert isinstance(found, Record | Rejection)


@pytest.mark.parametrize("form", sorted(FORMATS))
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_rejected(tmp_path_factory, form, content):
    path = tmp_path_factory.mktemp("any") / "ant_train.file"
    path.with_name("ant.txt").write_text("body\n")
    path.write_bytes(content)
    for found in [*read_file(path), *read_file(path, form)]:
        assert isinstance(found, Record | Rejection)


def test_labels_are_not_read_if_disabled(read_bytes):
    data = b'{"lines": [[[0, 0]]], "segments": [["no such part"]], "category": "car"}'
    (record,) = read_bytes(data, "a.json", labels=False)
    assert all(getattr(record.sketch, name) is None for name in LABEL_COLUMNS)
    assert record.sketch.category == "car"


@pytest.mark.parametrize(
    ("fields", "split_by", "key"),
    [
        ({}, None, None),
        ({}, "sketch", "1"),
        ({"user": 7}, "sketch", "1"),
        ({"user": 7}, "user", "7"),
        ({}, "user", "1"),
    ],
)
def test_splits_are_derived_from_the_id_or_the_user(read_bytes, fields, split_by, key):
    (record,) = read_bytes(drawing("1", **fields).encode(), "a.ndjson", split_by=split_by)
    assert record.sketch.split == (None if key is None else assign_split(key))
    sources = {None: None, "1": "sketch_id", "7": "user"}
    assert record.split_from == sources[key]
    official = drawing("1", split="test", **fields)
    (record,) = read_bytes(official.encode(), "a.ndjson", split_by=split_by)
    assert (record.sketch.split, record.split_from) == ("test", "file")


def test_folders_are_listed_nearest_first():
    assert formats.folders_above("/a/b/c/x.json") == ("c", "b", "a")


def test_the_tables_of_docs_and_package_agree():
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
    rows = [line for line in formats.__doc__.splitlines() if line.startswith("| `")]
    squeeze = [" ".join(row.split()) for row in rows]
    on_page = {" ".join(line.split()) for line in page.splitlines()}
    assert len(squeeze) > len(FORMATS)
    assert set(squeeze) <= on_page
