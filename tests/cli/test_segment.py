"""What can't be asked of `segment` gets one line, before anything is read or started."""

from pathlib import Path

import pytest

from instancesketch.cli.main import main


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--detector none", "--detector goes with --scenes alone"),
        ("--drawing-order", "--drawing-order goes with --scenes alone"),
        ("--given-objects --given-category", "--given-objects goes with --scenes alone"),
        ("--scenes --given-category", "--given-category is for rows that are one drawing each"),
        ("--scenes --given-objects --drawing-order", "--drawing-order helps to find objects"),
        ("--scenes --given-objects --detector doodle7", "--detector helps to find objects"),
        ("--scenes --weights spg20", "spg20 holds no grouper"),
        ("--scenes --weights nobody", "no weights 'nobody'"),
    ],
)
def test_a_mistake_about_scenes_gets_one_line(
    options: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ndjson").write_text('{"key_id": "a", "drawing": [[[0, 4], [0, 4]]]}\n')
    command = ["segment", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *options.split()]
    assert main(command) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("instancesketch: error: ")
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert not (tmp_path / "out").exists()
