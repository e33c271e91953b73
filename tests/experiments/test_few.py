"""Whole learning curves, with tiny models."""

import json
from dataclasses import replace

import pytest

from experiments import few
from experiments.plain import Pool, train
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models import weights
from tests.drawings import DOODLE7, TINY, corpus, drawn, packed

SPG20 = Taxonomy.load("spg20")


def spg(number: int, category: str, split: str) -> list[Sketch]:
    """Return drawings labelled as a category of SPG."""
    parts = SPG20.categories[category].parts
    return [
        s.replace(
            sketch_id=f"{category}-{split}-{i}",
            category=category,
            split=split,
            part=tuple(parts[j % len(parts)] for j in range(len(s))),
            label=None,
            instance=None,
        )
        for i, s in enumerate(drawn(number, seed=len(category)))
    ]


@pytest.fixture(autouse=True)
def tiny_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTHERS", "FEW", "UNSURE"):
        recipe = replace(getattr(few, name), model=TINY, epochs=1, batch_size=8)
        monkeypatch.setattr(few, name, recipe)
    monkeypatch.setattr(few, "STEPS", 2)
    monkeypatch.setattr(few, "NUMBERS", (4, 12))
    monkeypatch.setattr(few, "HUNDRED", 8)


def run_few(monkeypatch: pytest.MonkeyPatch, *argv: str) -> None:
    monkeypatch.setattr("sys.argv", ["few", *argv, "--seeds", "2"])
    few.main()


def test_a_new_category_is_trained_from_others_and_from_scratch(
    tmp_path, monkeypatch, capsys
) -> None:
    drawings = [
        *spg(12, "pig", "train"), *spg(12, "duck", "train"), *spg(6, "duck", "valid"),
    ]  # fmt: skip
    data, out = corpus(tmp_path / "spg", drawings), tmp_path / "out"
    run_few(monkeypatch, "category", "--data", data, "--out", str(out))
    figures = json.loads((out / "category.json").read_text())
    assert {method: {n: len(r) for n, r in runs.items()} for method, runs in figures.items()} == {
        method: {"4": 2, "12": 2} for method in ("from the others", "from nothing")
    }
    before = weights.load([str(out / "without-duck")], "segmenter")
    assert "duck" not in before.config["taxonomy"]["categories"]
    assert before.config["drawings"]["different"] == 12
    after = weights.load([str(out / "duck-4-1-others")], "segmenter")
    assert list(after.config["taxonomy"]["categories"]) == ["duck"]
    assert after.config["drawings"]["different"] == 4
    assert "from nothing" in capsys.readouterr().out


def test_uncertain_or_random_drawings_are_added(tmp_path, monkeypatch, capsys) -> None:
    data, out = corpus(tmp_path / "real", drawn(60)), tmp_path / "out"
    batch = packed(drawn(20, seed=9))
    begin = train(few.UNSURE, DOODLE7, [Pool(batch, 20)], None, tmp_path / "begin")
    run_few(monkeypatch, "unsure", "--data", data, "--begin", str(begin), "--out", str(out))
    figures = json.loads((out / "unsure.json").read_text())
    assert list(figures) == ["the first", "least sure", "any"]
    card = weights.load([str(out / "least-sure-0")], "segmenter").config
    assert card["drawings"]["different"] == 16
    assert "least sure" in capsys.readouterr().out
