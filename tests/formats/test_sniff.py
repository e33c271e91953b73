import gzip
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from instancesketch.core.schema import SCHEMA
from instancesketch.formats import COMPANION, explain_unknown, sniff
from tests.formats.broken import COLUMNS, drawing, published

LOCAL = fs.LocalFileSystem()
PARTS = {"key_id": "1", "drawing": [[*COLUMNS, [0, 0, 0, 0]]]}
SCENE = {"scene_id": "1", "drawing": [COLUMNS]}


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("a.json", json.dumps(published()), "json"),
        ("no-suffix", json.dumps(published(), indent=1), "json"),
        ("a.json", drawing("1"), "quickdraw"),
        ("a.json", json.dumps({"drawing": [COLUMNS]}), "quickdraw-json"),
        ("a.json", json.dumps({"drawing": [COLUMNS]}) + "\n" + drawing("2"), "quickdraw"),
        ("a.ndjson", json.dumps({"drawing": [COLUMNS]}), "quickdraw"),
        ("a.ndjson", '{"key_id": "1", "dra\n' + drawing("2"), "quickdraw"),
        ("a.ndjson", json.dumps(SCENE), "scenes"),
        ("a.data", json.dumps(PARTS), "quickdraw"),
        ("ant_valid.ndjson", json.dumps(PARTS), "spg"),
        ("ant.ndjson", json.dumps(PARTS), "spg"),
        ("bee.ndjson", json.dumps(PARTS), "quickdraw"),
        ("ant_valid.ndjson", json.dumps(PARTS | {"word": "ant"}), "quickdraw"),
        ("ant_valid.ndjson", drawing("1"), "quickdraw"),
        ("long.x", drawing("1", drawing=[[[1] * 40_000] * 2]), "quickdraw"),
        ("long_train.x", json.dumps(PARTS | {"drawing": [[[1] * 40_000] * 3]}), "spg"),
        ("a.ndjson", "nonsense", "quickdraw"),
        ("a.xml", '<?xml version="1.0"?><!-- x --><annotations>', "cvat"),
        ("a.xml", "<svg:svg xmlns:svg='http://www.w3.org/2000/svg'>", "svg"),
        ("a.xml", "<html>", None),
        ("a.svg", "<sv", "svg"),
        ("a.npz", "nonsense", "npz"),
        ("a.json", '[{"data": {"image": 1}, "predictions": []}]', "labelstudio"),
        ("a.json", '[\n {"id": 1, "annotations": [], "data": {}}]', "labelstudio"),
        ("a.json", '[{"id": 1, "name": "x"}]', "json"),
        ("cvat-labels.json", "[]", COMPANION),
        ("label-studio.xml", "<View/>", COMPANION),
        ("summary.json", "{}", COMPANION),
        ("LICENSE", "free", COMPANION),
        ("README.md", drawing("1"), COMPANION),
        ("flags.csv", "a,b", COMPANION),
        ("photo.png", "\x89PNG", None),
        ("a.ndjson", "  \n", None),
        ("a.json", "", None),
    ],
)
def test_the_format_is_detected_from_the_contents(tmp_path, name, content, format):
    (tmp_path / "ant.txt").write_text("body\n")
    (tmp_path / name).write_text(content)
    assert sniff(str(tmp_path / name), LOCAL) == format


def test_binary_formats_are_recognised(tmp_path):
    pq.write_table(SCHEMA.empty_table(), tmp_path / "a")
    np.savez(tmp_path / "b.npz", train=np.zeros((2, 3)))
    (tmp_path / "b.npz").rename(tmp_path / "b")
    assert [sniff(str(tmp_path / n), LOCAL) for n in "ab"] == ["corpus", "npz"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (b"\x00\x01", "no format"),
        (None, "can't be read"),
    ],
)
def test_an_unknown_file_is_rejected_with_the_reason(tmp_path, content, reason):
    path = tmp_path / "a.ndjson"
    path.write_bytes(content) if content is not None else path.mkdir()
    if content != b"\x00\x01":
        assert sniff(str(path), LOCAL) is None
    assert reason in explain_unknown(str(path), LOCAL).reason
