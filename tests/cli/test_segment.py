from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("options", "error"),
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
def test_contradicting_options_are_refused_before_anything_is_written(
    options: str, error: str, tmp_path: Path, refuse: Callable[[str], str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ndjson").write_text('{"key_id": "a", "drawing": [[[0, 4], [0, 4]]]}\n')
    assert error in refuse(f"segment {tmp_path / 'in'} --out {tmp_path / 'out'} {options}")
    assert not (tmp_path / "out").exists()
