"""Constructors of sketches, their pictures in notebooks, and the documentation's examples."""

import doctest
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import instancesketch
from instancesketch import Segmenter, Sketch, Sketches
from instancesketch.core import sketch as sketch_module
from instancesketch.core.errors import SketchError, UserError
from instancesketch.core.parquet import write_table
from instancesketch.core.schema import to_table
from instancesketch.formats import write
from instancesketch.inference import segmenter
from tests.drawings import composed, drawn

ROOT = Path(__file__).parents[2]
PAGES = sorted(p for p in (ROOT / "docs").glob("*.md") if "```pycon" in p.read_text("utf-8"))


def run_examples(text: str, name: str) -> int:
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    return doctest.DocTestRunner().run(test).failed


@pytest.mark.parametrize("module", [sketch_module, segmenter], ids=lambda m: m.__name__)
def test_examples_of_a_module(module) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_examples_of_a_page(page, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```pycon\n(.*?)```", page.read_text("utf-8"), re.S)
    assert run_examples("\n".join(blocks), page.name) == 0


def test_the_api_imports_no_ray() -> None:
    code = (
        "from instancesketch import Segmenter, Sketch; import sys; assert 'ray' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    code = "import instancesketch, sys; assert not {'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Sketchy"):
        _ = instancesketch.Sketchy


@pytest.mark.parametrize("format", ["json", "svg", "cvat", "quickdraw"])
def test_written_files_are_read_back(format, tmp_path) -> None:
    sketches = drawn(3, category="sun")
    write(sketches, format, str(tmp_path))
    files = [p for p in tmp_path.rglob("*") if p.is_file() and p.name != "cvat-labels.json"]
    found = [s for p in files for s in Sketches.from_file(p, taxonomy="doodle7")]
    assert sorted(found, key=lambda s: s.sketch_id) == sorted(sketches, key=lambda s: s.sketch_id)
    if len(files) > 1:
        assert Sketch.from_file(files[0], taxonomy="doodle7") in sketches
    else:
        assert len(Sketches.from_file(files[0], taxonomy="doodle7", most=2)) == 2
        with pytest.raises(UserError, match="more than one drawing"):
            Sketch.from_file(files[0], taxonomy="doodle7")


def test_a_corpus_is_read_in_order(tmp_path) -> None:
    sketches = [s.replace(split="train") for s in drawn(4)] + [drawn(5)[4].replace(split="test")]
    write_table(str(tmp_path / "rows.parquet"), to_table(sketches))
    assert Sketches.from_corpus(str(tmp_path)) == sketches
    assert Sketches.from_corpus(str(tmp_path), most=2) == sketches[:2]
    assert Sketches.from_corpus(str(tmp_path), split="test") == sketches[4:]


def test_unreadable_records_are_logged_as_warnings(tmp_path, caplog) -> None:
    path = tmp_path / "some.ndjson"
    good = {"key_id": "a", "word": "cat", "drawing": [[[0, 5], [0, 5]]]}
    path.write_text(json.dumps(good) + "\n" + '{"key_id": "b", "drawing": 3}\n')
    assert [s.sketch_id for s in Sketches.from_file(path)] == ["a"]
    assert "line 2" in caplog.text
    with pytest.raises(SketchError, match=r"some\.ndjson"):
        Sketch.from_file(path)
    for bad, reason in [("none.json", "not a file"), (".", "from_corpus"), ("x.bin", "no format")]:
        (tmp_path / "x.bin").write_bytes(b"\x00\x01")
        with pytest.raises(UserError, match=reason):
            Sketches.from_file(tmp_path / bad)
    path.write_text('{"key_id": "b", "drawing": 3}\n')
    with pytest.raises(UserError, match=r"nothing in .* can be read; line 1"):
        Sketches.from_file(path)


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (Sketch.from_stroke3, [[1, 2], [3, 4]]),
        (Sketch.from_stroke3, [[1, 2], [3]]),
        (Sketch.from_stroke3, [[1, 2, 7]]),
        (Sketch.from_stroke3, "x"),
        (Sketch.from_quickdraw, [[[0, 1], [0]]]),
        (Sketch.from_quickdraw, {"word": "cat"}),
        (Sketch.from_svg, "<svg/>"),
        (Sketch.from_svg, "<html/>"),
        (Sketch.from_strokes, [[]]),
    ],
)
def test_values_that_are_not_a_drawing_are_refused(make, given) -> None:
    with pytest.raises(SketchError):
        make(given)


def shown(html: str) -> ET.Element:
    return ET.fromstring(html)


def test_a_result_shows_its_parts_and_instances_with_a_legend() -> None:
    found = Segmenter.load("doodle7")(drawn(1, category="sun")[0])
    html = found._repr_html_()
    assert len(shown(html).findall(".//figure")) == 2
    words = re.sub(r"\s+", " ", " ".join(shown(html).itertext()))
    for part in set(found.part or ()):
        strokes = (found.part or ()).count(part)
        assert f"{part} {strokes} stroke" in words
    assert f"{len({i for i in found.instance or () if i})} instance" in words
    assert ET.fromstring(found._repr_svg_()).tag.endswith("svg")


def test_many_sketches_are_shown_side_by_side() -> None:
    html = Sketches(drawn(70))._repr_html_()
    assert len(shown(html).findall(".//figure")) == 60
    assert "and 10 more" in html


def test_a_scene_shows_its_objects() -> None:
    scene = composed(1)[0]
    captions = [f.text for f in shown(scene._repr_html_()).findall(".//figcaption")]
    assert captions[0] == "object"


@pytest.mark.parametrize("hostile", ['</svg><script>alert("1")</script>&'])
def test_hostile_words_are_escaped(hostile) -> None:
    words = {"sketch_id": hostile, "category": hostile, "error": hostile}
    sketch = Sketch.from_strokes([[(0, 0), (1, 1)]], part=(hostile,), label=(hostile,), **words)
    for html in (sketch._repr_html_(), Sketches([sketch])._repr_html_()):
        assert "<script" not in html
        shown(html)
    bare = Sketch.from_strokes([[(0, 0), (1, 1)]], sketch_id=hostile)
    assert "<script" not in bare._repr_html_()
    assert np.isfinite(bare.x).all()
