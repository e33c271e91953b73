from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pytest
from hypothesis import given
from pyarrow import fs

from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from tests.formats.strategies import TEXT


def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    def write(path: str) -> None:
        Path(path).write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        storage.write_atomically(str(tmp_path / "new" / "file"), write)
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_paths_and_uris_are_both_accepted(tmp_path: Path, prefix: str) -> None:
    folder = f"{prefix}{tmp_path}/corpus"
    table = pa.table({"a": [1, 2, 3]})
    parquet.write_table(storage.join(folder, "part-1.parquet"), table)
    parquet.write_table(storage.join(folder, "_rejected.parquet"), table)
    storage.write_json(storage.join(folder, "summary.json"), {"rows": 3})
    assert storage.list_names(folder) == ["_rejected.parquet", "part-1.parquet", "summary.json"]
    assert parquet.list_row_files(folder) == [f"{folder}/part-1.parquet"]
    assert [len(t) for t in parquet.read_batches(folder, rows=2)] == [2, 1]
    assert storage.read_json(storage.join(folder, "summary.json")) == {"rows": 3}
    storage.move(storage.join(folder, "part-1.parquet"), storage.join(folder, "part-2.parquet"))
    assert parquet.count_rows(storage.join(folder, "part-2.parquet")) == 3
    storage.remove(folder)
    storage.remove(folder)
    assert not storage.exists(folder)


def test_other_filesystems_get_complete_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    monkeypatch.setattr(
        storage, "locate", lambda location: (remote, location.removeprefix("s3://"))
    )
    storage.write_json("s3://bucket/a/x.json", [1])
    storage.move("s3://bucket/a/x.json", "s3://bucket/a/y.json")
    assert storage.list_names("s3://bucket/a") == ["y.json"]
    assert storage.read_json("s3://bucket/a/y.json") == [1]


def test_temporary_files_of_a_killed_writer_are_listed(tmp_path: Path) -> None:
    def kill(path: str) -> None:
        Path(path).touch()
        assert storage.list_unfinished(str(tmp_path)) == [Path(path).name]
        assert Path(path).name.startswith("_")

    storage.write_atomically(str(tmp_path / "part-0.parquet"), kill)
    assert storage.list_unfinished(str(tmp_path)) == []


def test_missing_files_read_as_none_and_missing_folders_as_empty(tmp_path: Path) -> None:
    assert storage.read_json(str(tmp_path / "no.json")) is None
    assert storage.list_names(str(tmp_path / "no")) == []
    with pytest.raises(UserError, match="is not a corpus"):
        parquet.list_row_files(str(tmp_path))


def test_errors_name_the_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "part-1.parquet").write_bytes(b"PAR1 nonsense")
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(UserError, match=r"part-1\.parquet can't be read"):
        list(parquet.read_batches(str(tmp_path)))
    with pytest.raises(UserError, match=r"x\.json can't be read"):
        storage.read_json(str(tmp_path / "x.json"))
    with pytest.raises(UserError, match="no filesystem takes"):
        storage.locate("gopher://hole/x")


@pytest.mark.parametrize(
    ("inner", "outer", "is_in"),
    [("/a/b", "/a", True), ("/a", "/a", True), ("/ab", "/a", False), ("/a", "/a/b", False)],
)
def test_is_within_compares_whole_names(inner: str, outer: str, is_in: bool) -> None:
    assert storage.is_within(inner, outer) == is_in


@given(text=TEXT)
def test_file_names_are_safe_and_reversible(text):
    name = storage.safe_file_name(text)
    assert unquote(name) == text
    assert name.isascii()
    assert not {"/", "\\", "\0", ":"} & set(name)
    assert name[0] not in "._ "


def test_long_file_names_are_shortened_and_stay_distinct():
    names = {storage.safe_file_name("x" * 999 + tail) for tail in "ab"}
    assert len(names) == 2
    assert all(len(n) <= 200 for n in names)
