import pytest
from pyarrow import fs

from instancesketch.core.sketch import Sketch
from instancesketch.formats import write
from tests.formats.conftest import read_file


@pytest.mark.parametrize("form", ["json", "svg"])
@pytest.mark.parametrize("text", ["../../out", "..", "/etc/passwd", "a/b", "_rejected", "x" * 999])
def test_nothing_is_written_outside_the_folder(tmp_path, form, text):
    sketch = Sketch.from_strokes([[[0, 0]]], sketch_id=text, category=text)
    write([sketch], form, str(tmp_path / "out"))
    (path,) = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert path.parent.parent == tmp_path / "out"
    (record,) = read_file(path)
    assert record.sketch == sketch


def test_a_half_written_file_has_another_name(tmp_path):
    def failing():
        yield Sketch.from_strokes([[[0, 0]]], sketch_id="1")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(failing(), "quickdraw", str(tmp_path))
    assert not (tmp_path / "sketches.ndjson").exists()


def test_files_are_written_on_any_filesystem_of_arrow(tmp_path):
    inner = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    assert write([Sketch.from_strokes([[[0, 0]]], sketch_id="1")], "json", "out", inner) == 1
    assert (tmp_path / "out" / "1.json").is_file()
