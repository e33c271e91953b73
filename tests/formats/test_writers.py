from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from pyarrow import fs

from instancesketch.core.sketch import Sketch
from instancesketch.formats import write
from instancesketch.formats.writers import safe_file_name
from tests.formats.conftest import read_file
from tests.formats.strategies import TEXT


@given(text=TEXT)
@settings(derandomize=True, database=None)
def test_names_are_safe_and_reversible(text):
    name = safe_file_name(text)
    assert unquote(name) == text
    assert name.isascii()
    assert not {"/", "\\", "\0", ":"} & set(name)
    assert name[0] not in "._ "


def test_long_names_are_cut_and_differ():
    names = {safe_file_name("x" * 999 + tail) for tail in "ab"}
    assert len(names) == 2
    assert all(len(n) <= 200 for n in names)


@pytest.mark.parametrize("form", ["json", "svg"])
@pytest.mark.parametrize("text", ["../../out", "..", "/etc/passwd", "a/b", "_rejected", "x" * 999])
def test_nothing_is_written_outside_the_folder(tmp_path, form, text):
    sketch = Sketch.from_strokes([[[0, 0]]], sketch_id=text, category=text)
    write([sketch], form, str(tmp_path / "out"))
    (path,) = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert path.parent.parent == tmp_path / "out"
    (record,) = read_file(path)
    assert record.sketch == sketch


def test_a_broken_off_file_is_not_taken_for_a_whole_one(tmp_path):
    def failing():
        yield Sketch.from_strokes([[[0, 0]]], sketch_id="1")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(failing(), "quickdraw", str(tmp_path))
    assert not (tmp_path / "sketches.ndjson").exists()


def test_any_filesystem_of_arrow_will_do(tmp_path):
    inner = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    assert write([Sketch.from_strokes([[[0, 0]]], sketch_id="1")], "json", "out", inner) == 1
    assert (tmp_path / "out" / "1.json").is_file()
