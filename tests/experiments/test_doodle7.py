"""The protocol on real drawings, whole, with models too small to be good."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
import torch

from experiments import doodle7, plain, tables
from instancesketch.core.errors import UserError
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models import weights
from instancesketch.models.config import SEED_REFINER
from instancesketch.training.config import RefinerFitConfig, SegmenterFitConfig
from tests.drawings import DOODLE7, TINY, TINY_REFINER, corpus, drawn, packed

SMALL = SegmenterFitConfig(model=TINY, epochs=1, batch_size=32)
SMALL_REFINER = RefinerFitConfig(model=TINY_REFINER, epochs=1, batch_size=32)
RECIPES = {
    "PRETRAIN": SMALL,
    "TUNE": SMALL,
    "ALONE": SMALL,
    "STUDENT": replace(SMALL, seed=1),
    "REFINER": SMALL_REFINER,
    "REFINER_TUNE": SMALL_REFINER,
    "K_MEANS": replace(
        doodle7.K_MEANS,
        model=replace(SEED_REFINER, width=16, layers=1, feedforward=32),
        epochs=1,
        batch_size=32,
    ),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> doodle7.Data:
    folder = tmp_path_factory.mktemp("benchmark")
    real = [
        s.replace(sketch_id=f"{('qd', 'sp', 'cbsc')[i % 3]}-{i}") for i, s in enumerate(drawn(70))
    ]
    bare = [s.replace(part=None, label=None, instance=None) for s in drawn(40, seed=8)]
    # Three that have labels in the real set, one of a category that nobody knows.
    known = [bare[i].replace(sketch_id=name) for i, name in enumerate(("0", "1", "cbsc-2"))]
    strange = bare[3].replace(sketch_id="lamp", category="lamp")
    return doodle7.Data(
        real=corpus(folder / "real", real),
        generated=corpus(folder / "generated", drawn(80, seed=9)),
        unlabelled=(corpus(folder / "unlabelled", [*known, strange, *bare[4:]]),),
    )


def test_each_drawing_is_held_out_once_by_fold_and_once_by_source(data) -> None:
    masks = data.held_out()
    for kind, number in (("fold-", 5), ("source-", 3)):
        chosen = [mask for name, mask in masks.items() if name.startswith(kind)]
        assert len(chosen) == number
        assert (sum(m.astype(int) for m in chosen) == 1).all()


def test_unlabelled_drawings_are_of_known_categories_and_nowhere_labelled(data) -> None:
    ids = set(data.unlabelled_table()["sketch_id"].to_pylist())
    assert len(ids) == 36
    assert not ids & {"0", "1", "cbsc-2", "lamp"}


def test_an_epoch_has_as_many_of_each_pool_as_it_says(data) -> None:
    pools = doodle7.generated_pools(data, 200)
    want = {name: round(200 * share) for name, share in doodle7.SHARES.items()}
    batches = list(plain.epoch(pools, 8, torch.Generator().manual_seed(0)))
    counts = torch.bincount(torch.cat([b.category_N for b in batches]), minlength=7).tolist()
    got = dict(zip(DOODLE7.category_names, counts, strict=True))
    assert sum(got.values()) == sum(want.values()) // 8 * 8
    assert all(abs(got[name] - want[name]) <= 7 for name in want)
    assert sum(want.values()) - sum(got.values()) < 8


def test_fewer_drawings_than_a_batch_make_one_and_none_are_told(tmp_path) -> None:
    batch = packed(drawn(5))
    recipe = replace(SMALL, schedule="warm-restarts")  # which counts in epochs
    trained = plain.train(recipe, DOODLE7, [plain.Pool(batch, 5)], None, tmp_path / "few")
    assert (trained / "segmenter" / "model.safetensors").exists()
    (only,) = plain.epoch([plain.Pool(batch, 5)], 32, torch.Generator().manual_seed(0))
    assert len(only) == 5
    nothing = plain.Pool(packed([]), 5)
    with pytest.raises(UserError, match="none: no drawings to train a segmenter on"):
        plain.train(recipe, DOODLE7, [nothing], None, tmp_path / "none")


def test_a_teacher_tells_what_it_is_sure_of(data, monkeypatch, tmp_path) -> None:
    table = data.unlabelled_table()
    pools = doodle7.generated_pools(data, 64)
    teacher = plain.train(SMALL, DOODLE7, pools, None, tmp_path / "teacher")
    monkeypatch.setattr(doodle7, "SURE", 0.0)
    everything = doodle7.labelled_by(teacher, table)
    want = [
        DOODLE7.part_names.index(part)
        for sketch in Segmenter.load(str(teacher))
        .label_table(table, given_category=True)["part"]
        .to_pylist()
        for part in sketch
    ]
    assert everything.part_S.tolist() == want
    assert set(everything.instance_S.tolist()) == {-1}
    monkeypatch.setattr(doodle7, "SURE", 1.1)
    assert set(doodle7.labelled_by(teacher, table).part_S.tolist()) == {-1}


def test_the_whole_protocol(data, monkeypatch, tmp_path, capsys) -> None:
    for name, recipe in RECIPES.items():
        monkeypatch.setattr(doodle7, name, recipe)
    out = tmp_path / "out"
    made = doodle7.generated_pools(data, 64)
    before = plain.train(SMALL, DOODLE7, made, None, out / "generated")
    plain.train(SMALL_REFINER, DOODLE7, doodle7.counted(made), None, before)
    names = list(data.held_out())
    for name in names:
        doodle7.hold_out(data, out, name)
    for name in names:
        labelled = pq.read_table(out / name / "student-given.parquet")
        assert len(labelled) == data.held_out()[name].sum()
        assert (out / name / "k-means").is_dir() == name.startswith("fold-")
    text = tables.report(out, plain.read(data.real), names, DOODLE7)
    for title in tables.TITLES.values():
        assert title in text
    found = json.loads((out / "figures.json").read_text())
    assert set(found["folds"]) == set(tables.TITLES)
    assert set(found["left_out"]) == set(found["per_source"]) == {"qd", "sp", "cbsc"}
    assert found["folds"]["student"]["grouping"] is not None
    # With the true parts, what touches draws one instance often enough to be a rule.
    assert found["folds"]["touching"]["true_parts_grouping"] > 20

    monkeypatch.setattr(doodle7, "TUNE", replace(SMALL, epochs=2))
    doodle7.ship(data, out, tmp_path / "shipped")
    model = Segmenter.load(str(tmp_path / "shipped"))
    assert model.refiner is not None
    card = weights.load([str(tmp_path / "shipped")], "segmenter").config
    assert card["metrics"] == found["folds"]["student"]
    assert card["drawings"]["an epoch"] > 70
    assert "MIT" in card["licences"]
