"""The protocol that measures tracing, on a few drawings at one small size."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("skimage", reason="needs the extra `trace`")
from experiments import tracing
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
