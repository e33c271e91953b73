from collections.abc import Callable
from pathlib import Path

import pytest

from instancesketch.cli.main import main
from tests.drawings import forced_weights


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ("--detector none", "--detector goes with --scenes alone"),
        ("--drawing-order", "--drawing-order goes with --scenes alone"),
        ("--given-objects --given-category", "--given-objects goes with --scenes alone"),
        ("--scenes --given-category", "--given-category is for rows that are one drawing each"),
        ("--scenes --given-objects --drawing-order", "--drawing-order helps to find objects"),
        ("--scenes --given-objects --detector doodle7", "--detector helps to find objects"),
        ("--scenes --categories car", "--categories says what a whole drawing can be"),
        ("--categories car bicycle", "'bicycle' is no category of default; car, cloud, flower"),
        ("--categories clouds", "'clouds' is no category of default; nearest: cloud"),
        ("--scenes --weights spg20", "spg20 holds no grouper"),
        ("--scenes --weights nobody", "no weights 'nobody'"),
    ],
)
def test_contradicting_options_are_refused_before_anything_is_written(
    options: str, error: str, tmp_path: Path, refuse: Callable[[str], str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ndjson").write_text('{"key_id": "a", "drawing": [[[0, 4], [0, 4]]]}\n')
    assert error in refuse(f"segment {tmp_path / 'in'} --out {tmp_path / 'out'} {options}")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("category", "lines"),
    [
        ("other", ["segment: 1 sketches, 1 strokes, 0 rejected, 0 failed, 1 of nothing it knows"]),
        (
            "scene",
            [
                "1 look like scenes of several things: try --scenes",
                "segment: 1 sketches, 1 strokes, 0 rejected, 0 failed, 1 like scenes",
            ],
        ),
    ],
)
def test_the_last_lines_count_what_has_no_parts(
    category: str, lines: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.ndjson"
    source.write_text('{"key_id": "a", "drawing": [[[0, 4], [0, 4]]]}\n')
    weights = forced_weights(tmp_path / "weights", category, "car")
    out = tmp_path / "out"
    assert main(f"segment {source} --out {out} --weights {weights} --quiet".split()) == 0
    printed = capsys.readouterr().out.splitlines()
    for line, expected in zip(printed[-len(lines) :], lines, strict=True):
        assert line.startswith(expected)
