"""The whole protocol on real drawings, with tiny models."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
import torch

from experiments import doodle7, plain, tables
from instancesketch.core.errors import UserError
from instancesketch.core.schema import from_table
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
    # Three ids are labelled in the real set; one category is outside the taxonomy.
    known = [bare[i].replace(sketch_id=name) for i, name in enumerate(("0", "1", "cbsc-2"))]
    unknown = bare[3].replace(sketch_id="lamp", category="lamp")
    return doodle7.Data(
        real=corpus(folder / "real", real),
        generated=corpus(folder / "generated", drawn(80, seed=9)),
        unlabelled=(corpus(folder / "unlabelled", [*known, unknown, *bare[4:]]),),
    )


def test_each_drawing_is_held_out_once_by_fold_and_once_by_source(data) -> None:
    masks = data.held_out_masks()
    for prefix, number in (("fold-", 5), ("source-", 3)):
        chosen = [mask for name, mask in masks.items() if name.startswith(prefix)]
        assert len(chosen) == number
        assert (sum(m.astype(int) for m in chosen) == 1).all()


def test_ids_with_folders_stay_in_the_folds_of_their_own_names(data, tmp_path) -> None:
    real = from_table(plain.read_corpus(data.real))
    below = corpus(
        tmp_path / "real", [s.replace(sketch_id=f"json/sun/{s.sketch_id}") for s in real]
    )
    moved = replace(data, real=below)
    masks = data.held_out_masks()
    assert {name: mask.tolist() for name, mask in moved.held_out_masks().items()} == {
        name: mask.tolist() for name, mask in masks.items()
    }
    assert moved.read_unlabelled().equals(data.read_unlabelled())


def test_unlabelled_drawings_are_of_known_category_and_not_in_the_real_set(data) -> None:
    ids = set(data.read_unlabelled()["sketch_id"].to_pylist())
    assert len(ids) == 36
    assert not ids & {"0", "1", "cbsc-2", "lamp"}


def test_an_epoch_draws_the_given_number_from_each_pool(data) -> None:
    pools = doodle7.pool_generated(data, 200)
    expected = {name: round(200 * share) for name, share in doodle7.SHARES.items()}
    batches = list(plain.iter_batches(pools, 8, torch.Generator().manual_seed(0)))
    counts = torch.bincount(torch.cat([b.category_N for b in batches]), minlength=7).tolist()
    drawn_counts = dict(zip(DOODLE7.category_names, counts, strict=True))
    assert sum(drawn_counts.values()) == sum(expected.values()) // 8 * 8
    assert all(abs(drawn_counts[name] - expected[name]) <= 7 for name in expected)
    assert sum(expected.values()) - sum(drawn_counts.values()) < 8


def test_few_drawings_make_one_batch_and_no_drawings_raise(tmp_path) -> None:
    batch = packed(drawn(5))
    recipe = replace(SMALL, schedule="warm-restarts")  # it counts in epochs
    trained = plain.train(recipe, DOODLE7, [plain.Pool(batch, 5)], None, tmp_path / "few")
    assert (trained / "segmenter" / "model.safetensors").exists()
    (only,) = plain.iter_batches([plain.Pool(batch, 5)], 32, torch.Generator().manual_seed(0))
    assert len(only) == 5
    nothing = plain.Pool(packed([]), 5)
    with pytest.raises(UserError, match="none: no drawings to train a segmenter on"):
        plain.train(recipe, DOODLE7, [nothing], None, tmp_path / "none")


def test_pseudo_labels_are_kept_above_the_certainty_threshold(data, tmp_path) -> None:
    table = data.read_unlabelled()
    pools = doodle7.pool_generated(data, 64)
    teacher = plain.train(SMALL, DOODLE7, pools, None, tmp_path / "teacher")
    all_labels = plain.pseudo_label(teacher, table, DOODLE7, 0.0)
    expected = [
        DOODLE7.part_names.index(part)
        for sketch in Segmenter.load(str(teacher))
        .label_table(table, given_category=True)["part"]
        .to_pylist()
        for part in sketch
    ]
    assert all_labels.part_S.tolist() == expected
    assert set(all_labels.instance_S.tolist()) == {-1}
    assert set(plain.pseudo_label(teacher, table, DOODLE7, 1.1).part_S.tolist()) == {-1}


def test_protocol_writes_tables_and_ships_weights(data, monkeypatch, tmp_path, capsys) -> None:
    for name, recipe in RECIPES.items():
        monkeypatch.setattr(doodle7, name, recipe)
    out = tmp_path / "out"
    generated = doodle7.pool_generated(data, 64)
    initial = plain.train(SMALL, DOODLE7, generated, None, out / "generated")
    plain.train(SMALL_REFINER, DOODLE7, plain.keep_countable(generated, DOODLE7), None, initial)
    names = [n for n in data.held_out_masks() if n == "fold-0" or n.startswith("source-")]
    for name in names:
        doodle7.run_hold_out(data, out, name)
    for name in names:
        labelled = pq.read_table(out / name / "student-given.parquet")
        assert len(labelled) == data.held_out_masks()[name].sum()
        assert (out / name / "k-means").is_dir() == name.startswith("fold-")
    text = tables.report(out, plain.read_corpus(data.real), names, DOODLE7)
    for title in tables.TITLES.values():
        assert title in text
    figures = json.loads((out / "figures.json").read_text())
    assert set(figures["folds"]) == set(tables.TITLES)
    assert set(figures["left_out"]) == set(figures["per_source"]) == {"qd", "sp", "cbsc"}
    assert figures["folds"]["student"]["grouping"] is not None
    # Given true parts, grouping by touch is often right even with tiny models.
    assert figures["folds"]["touching"]["true_parts_grouping"] > 20

    monkeypatch.setattr(doodle7, "TUNE", replace(SMALL, epochs=2))
    doodle7.ship(data, out, tmp_path / "shipped")
    model = Segmenter.load(str(tmp_path / "shipped"))
    assert model.refiner is not None
    card = weights.load([str(tmp_path / "shipped")], "segmenter").config
    assert card["metrics"] == figures["folds"]["student"]
    assert card["drawings"]["an epoch"] > 70
    assert "MIT" in card["licences"]
