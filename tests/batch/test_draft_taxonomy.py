"""A taxonomy drafted from labelled files, which these files then fit."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from instancesketch.batch.draft_taxonomy import draft_taxonomy
from instancesketch.cli.main import main
from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.formats import write


def labelled(name: str, category: str, *labels: tuple[str, int | None]) -> Sketch:
    names = tuple(label for label, _ in labels)
    return Sketch.from_strokes(
        [[(10 * i, 0), (10 * i + 5, 5)] for i in range(len(labels))],
        sketch_id=name, category=category, part=names, label=names,
        instance=tuple(number for _, number in labels),
    )  # fmt: skip


DRAWINGS = [
    labelled("a", "hand cart", ("tyre", 1), ("tyre", 2), ("box", None)),
    labelled("b", "hand cart", ("tyre", 1), ("unlabeled", None)),
    labelled("c", 'a "mug"', ("left-ear", 1), ("right-ear", 2), ("cup", None)),
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write(DRAWINGS, "cvat", str(tmp_path / "in"))
    return tmp_path / "in"


def test_draft_has_categories_parts_countable_and_sided_ones(source: Path) -> None:
    draft = tomllib.loads(draft_taxonomy([str(source)]))
    assert draft["categories"] == {
        "hand cart": {"parts": ["tyre", "box", "unlabeled"], "countable": ["tyre"]},
        'a "mug"': {"parts": ["ear", "cup", "unlabeled"], "countable": ["ear"], "sided": ["ear"]},
    }


def test_files_fit_the_draft_that_info_prints_of_them(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", "--labels", str(source)]) == 0
    (tmp_path / "own.toml").write_text(capsys.readouterr().out)
    ingest = ["ingest", str(source), "--out", str(tmp_path / "corpus")]
    assert main([*ingest, "--taxonomy", str(tmp_path / "own.toml"), "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)
    assert (counts["rows"], counts["rejected"]) == (3, 0)


def test_ingest_lists_all_labels_that_the_taxonomy_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cars: list[Any] = [
        labelled("a", "car", ("tyre", None), ("tyre", None), ("roof", None)),
        labelled("b", "car", ("tyre", None)),
        labelled("c", "car", ("frame", None)),
    ]
    write(cars, "cvat", str(tmp_path / "in"))
    assert main(["ingest", str(tmp_path / "in"), "--out", str(tmp_path / "corpus")]) == 0
    printed = capsys.readouterr().out
    assert (
        "labels that the taxonomy doesn't know, by drawings: 'tyre' of car (2), 'roof' of car (1)\n"
        "`instancesketch info --labels SOURCE > own.toml` drafts a taxonomy that has them\n"
    ) in printed


def test_files_without_labels_give_no_draft(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"key_id": "a", "drawing": [[[0, 4], [0, 4]]]}\n')
    with pytest.raises(UserError, match="no drawing with labels"):
        draft_taxonomy([str(tmp_path)])
