"""The protocol on scenes with a tiny model, and the rules beside it."""

import pytest
import torch

from experiments import scene_rules, scene_tables, scenes
from experiments.plain import read_corpus
from instancesketch.core import storage
from instancesketch.core.schema import from_table, to_table
from instancesketch.inference.detector import Boxes
from instancesketch.inference.object_grouper import Grouper
from instancesketch.training.config import GrouperFitConfig
from tests.drawings import DOODLE7, TINY_GROUPER, composed, corpus, drawn, packed_scenes, sketch_of

SMALL = GrouperFitConfig(model=TINY_GROUPER, epochs=1, batch_size=4)
WIDE = sketch_of(
    [(0, 0), (100, 0)], [(0, 1.5), (50, 1.5)], [(0, 30), (100, 30)], width=100.0, height=50.0
)


def test_touching_strokes_are_one_object() -> None:
    grouped = from_table(
        scene_rules.group_touching(to_table([WIDE]), packed_scenes([WIDE]), DOODLE7)
    )
    assert grouped[0].object == (0, 0, 1)
    assert grouped[0].object_category == (None, None)


def test_a_stroke_goes_to_the_box_that_holds_most_of_its_points() -> None:
    boxes = Boxes(
        corners_B4=torch.tensor([[-1.0, -1, 60, 5], [60, -1, 101, 5]]),
        score_B=torch.tensor([0.9, 0.8]),
        category_B=torch.tensor([2, -1]),
        boxes_N=torch.tensor([2, 0]),
    )
    more = sketch_of([(0, 0), (90, 0), (100, 0)], [(0, 0), (1, 1)], [(0, 90)], sketch_id="a")
    pair = [more, WIDE]
    grouped = scene_rules.group_by_boxes(to_table(pair), packed_scenes(pair), boxes, DOODLE7)
    assert [s.object for s in from_table(grouped)] == [(1, 0, -1), (-1, -1, -1)]
    assert from_table(grouped)[0].object_category == (DOODLE7.category_names[2], None)


@pytest.fixture
def data(tmp_path, monkeypatch) -> scenes.Data:
    for name in ("PRETRAIN", "CROWDED", "TUNE"):
        monkeypatch.setattr(scenes, name, SMALL)
    real = composed(16, seed=11)
    cbsc = [s.replace(sketch_id=f"cbsc-{i % 2}_{i}") for i, s in enumerate(real[:6])]
    friss = [s.replace(sketch_id=f"friss-{i}-userid-{i}") for i, s in enumerate(real[6:])]
    return scenes.Data(
        composed=corpus(tmp_path / "composed", [s.replace(split="train") for s in composed(8)]),
        crowded=corpus(tmp_path / "crowded", [s.replace(split="train") for s in composed(4)]),
        cbsc=corpus(tmp_path / "cbsc", cbsc),
        friss=corpus(tmp_path / "friss", friss),
        drawings=corpus(tmp_path / "drawings", drawn(12, seed=8)),
        detector=None,
        segmenter="doodle7",
    )


def test_each_scene_is_in_one_set(data) -> None:
    sets = data.sets()
    assert set(sets) == {"cbsc-0", "cbsc-1", "friss-choose", "friss-report"}
    ids = [i for table in sets.values() for i in table["sketch_id"].to_pylist()]
    assert len(ids) == len(set(ids)) == 16
    assert all(len(table) for table in sets.values())


def test_protocol_labels_reports_and_ships(data, tmp_path) -> None:
    out, sets = tmp_path / "out", data.sets()
    scenes.pretrain(data, out)
    source = scenes.tune(data, out, "tuned-everything", read_corpus(data.cbsc))
    for name, table in sets.items():
        scenes.label_set(data, out, name, table, source)
    text = scene_tables.report(out, ["cbsc-0", "cbsc-1"], DOODLE7)
    assert text.count("strokes nearer than 2 %  ") == 3
    figures = storage.read_json(str(out / "figures.json"))
    for methods in figures.values():
        # Only the method that uses stroke order may depend on it.
        for method in ("touching", "grouper"):
            assert methods[method]["pq random"] == pytest.approx(methods[method]["pq file"])
        assert methods["ordered"]["pq random"] is None
        assert 0 <= methods["ordered"]["pq file"] <= 100
        assert methods["touching"]["pq file"] > 0
    scenes.ship(out, tmp_path / "shipped")
    assert Grouper.load(str(tmp_path / "shipped")).net.config == TINY_GROUPER
