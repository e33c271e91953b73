"""The protocol that measures tracing, on a few drawings at one small size."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("skimage", reason="needs the extra `trace`")
from experiments import tracing
from experiments.corpora import held_out_masks
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch, join_strokes
from tests.drawings import drawn


def test_table_names_every_size_and_noise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(tracing, "SIDES", (128,))
    out = tmp_path / "figures.json"
    monkeypatch.setattr("sys.argv", ["tracing", "--number", "4", "--out", str(out)])
    tracing.main()
    figures = json.loads(out.read_text("utf-8"))["generated"]
    assert figures["strokes"] > 50
    assert figures["clean 128"] > 0.5 * figures["strokes"]
    printed = capsys.readouterr().out
    assert "clean 128" in printed
    assert "noisy 128" in printed


def test_only_the_drawings_held_out_are_traced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = to_table([s.replace(sketch_id=f"qd-{i}") for i, s in enumerate(drawn(20))])
    (tmp_path / "corpus").mkdir()
    pq.write_table(table, tmp_path / "corpus" / "rows.parquet")
    traced = []
    monkeypatch.setattr(tracing, "SIDES", ())
    monkeypatch.setattr(
        tracing, "measure", lambda _, sketches, seed: traced.append(sketches) or {"strokes": 1.0}
    )
    data = ["--data", str(tmp_path / "corpus"), "--hold-out", "fold-1", "--number", "30"]
    monkeypatch.setattr(tracing, "NOISES", ())
    monkeypatch.setattr("sys.argv", ["tracing", *data])
    tracing.main()
    mask = held_out_masks(table)["fold-1"]
    assert 0 < mask.sum() < 20
    assert [s.sketch_id for s in traced[0]] == [
        name for name, held in zip(table["sketch_id"].to_pylist(), mask, strict=True) if held
    ]


def test_the_same_strokes_in_place_of_traced_ones_have_their_parts() -> None:
    for sketch in drawn(5):
        strokes = tracing.fit(sketch)
        same = Sketch(
            sketch_id="s", part=sketch.part, category=sketch.category, **join_strokes(strokes)
        )
        back = tracing.carry_back(sketch, same)
        truth = tracing.in_bits(sketch, sketch.part or (), strokes)
        assert np.mean([a == b for a, b in zip(back.part, truth.part, strict=True)]) > 0.97


def test_what_is_not_traced_is_wrong() -> None:
    (sketch,) = drawn(1)
    assert set(tracing.carry_back(sketch, None).part or ()) == {"none"}
