"""The diagram of a result whose scores are too high."""

from pathlib import Path

import pytest

from experiments.reliability import main
from instancesketch.core import parquet, storage
from instancesketch.core.schema import RESULT_SCHEMA, to_table
from tests.drawings import DOODLE7, corpus, drawn


def test_the_bins_are_printed_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = drawn(30)
    found = [
        s.replace(
            category=s.category if i % 2 else "cloud" if s.category != "cloud" else "sun",
            category_score=0.9,
            part_score=(0.75,) * len(s),
        )
        for i, s in enumerate(truth)
    ]
    result = str(tmp_path / "result")
    parquet.write_table(f"{result}/part-0.parquet", to_table(found, RESULT_SCHEMA))
    storage.write_json(f"{result}/summary.json", {"taxonomy": DOODLE7.to_dict()})
    pictures = []
    for name in ("a.svg", "b.svg"):
        main([result, "--truth", corpus(tmp_path / "truth", truth), "--out", str(tmp_path / name)])
        pictures.append((tmp_path / name).read_text())
    printed = capsys.readouterr().out
    assert "category ECE 40.00" in printed
    assert "part ECE 25.00" in printed
    assert printed.count("90.0 to 90.0        90.0      50.0         2") == 2 * 15
    assert pictures[0] == pictures[1]
    assert "<svg" in pictures[0]
