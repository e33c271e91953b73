"""The whole protocol of the default model, with tiny models."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from experiments import calibration, corpora, default, plain, plans, results
from experiments.corpora import TAXONOMY
from instancesketch.core.errors import UserError
from instancesketch.core.schema import from_table, to_table
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models import weights
from instancesketch.models.packing import pack
from instancesketch.tracking import checkpoints
from instancesketch.training.config import RefinerFitConfig, SegmenterFitConfig
from tests.drawings import DOODLE7, TINY, TINY_REFINER, corpus, drawn, packed, sketch_of

SMALL = SegmenterFitConfig(model=TINY, epochs=1, batch_size=32)
SMALL_REFINER = RefinerFitConfig(model=TINY_REFINER, epochs=1, batch_size=32)
PLAN = plans.Plan(
    base=SMALL,
    teacher=SMALL,
    student=SMALL,
    students=2,
    refiner=SMALL_REFINER,
    refiner_tune=SMALL_REFINER,
    generated=64,
    spg=16,
    others=16,
    scenes=8,
)
# With the words that are never trained on among them.
OTHER_WORDS = ("bicycle", "banana", "umbrella", "house", "teapot", "piano", "snake", "fork", "saw")


def apples(number: int, split: str) -> list:
    rng = np.random.default_rng(0)
    return [
        sketch_of(rng.random((9, 2)) * 100, rng.random((4, 2)), sketch_id=f"{split}-{i}")
        .replace(category="apple", part=("body", "stalk"), label=("body", "stalk"), split=split)
        for i in range(number)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> corpora.Data:
    folder = tmp_path_factory.mktemp("benchmark")
    real = [
        s.replace(sketch_id=f"{('qd', 'sp', 'cbsc')[i % 3]}-{i}") for i, s in enumerate(drawn(70))
    ]
    bare = [s.replace(part=None, label=None, instance=None) for s in drawn(60, seed=8)]
    # Three ids are labelled in the real set.
    known = [bare[i].replace(sketch_id=name) for i, name in enumerate(("0", "1", "cbsc-2"))]
    near = bare[3].replace(sketch_id="palm", category="palm tree")
    others = [
        bare[4 + i].replace(sketch_id=word, category=word) for i, word in enumerate(OTHER_WORDS)
    ]
    legs = drawn(1, seed=3, category="4leg")[0]
    pig = legs.replace(split="train", sketch_id="pig", part=("unlabeled",) * len(legs), label=None)
    return corpora.Data(
        real=corpus(folder / "real", real),
        generated=corpus(folder / "generated", drawn(80, seed=9)),
        spg=corpus(folder / "spg", [*apples(12, "train"), *apples(6, "valid"), pig]),
        words=(
            corpus(folder / "quickdraw", [*known, near, *others, *bare[20:]]),
            corpus(
                folder / "semantic-parts",
                [s.replace(sketch_id=f"s-{s.sketch_id}") for s in bare[:20]],
            ),
        ),
    )  # fmt: skip


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
    assert moved.unlabelled().equals(data.unlabelled())


def test_unlabelled_drawings_are_of_known_category_and_measured_on_nowhere(data) -> None:
    ids = set(data.unlabelled()["sketch_id"].to_pylist())
    assert len(ids) == 40 + 20
    assert not ids & {"0", "1", "cbsc-2", "palm", *OTHER_WORDS}


def test_a_source_is_left_out_of_the_unlabelled_drawings_but_for_other_words(data) -> None:
    without = data.unlabelled(without="source-sp")
    assert len(without) == 40
    assert len(data.unlabelled(without="source-qd")) == 20
    assert data.unlabelled(without="fold-0").equals(data.unlabelled())


def test_a_fifth_of_the_other_words_is_never_trained_on(data) -> None:
    seen, unseen = (
        set(data.others(unseen=unseen)["category"].to_pylist()) for unseen in (False, True)
    )
    assert seen | unseen == set(OTHER_WORDS)
    assert not seen & unseen
    assert unseen
    words = [f"word {i}" for i in range(2_000)]
    assert 0.17 < np.mean([corpora.is_unseen(word) for word in words]) < 0.23


def test_parts_of_spg_that_ours_do_not_have_are_unknown(data) -> None:
    batch = data.pack_spg()
    assert len(batch) == 13
    four_legs = batch.category_N == TAXONOMY.category_names.index("4leg")
    assert set(batch.part_S[four_legs[batch.sketch_of_S]].tolist()) == {-1}
    assert (batch.part_S[~four_legs[batch.sketch_of_S]] >= 0).all()


def test_composed_scenes_are_drawings_of_several_things(data) -> None:
    scenes = from_table(data.scenes(5))
    assert {s.category for s in scenes} == {"scene"}
    assert all(s.part is None and s.object is None for s in scenes)
    assert to_table(scenes).equals(data.scenes(5))


def test_an_epoch_draws_the_given_number_from_each_pool(data) -> None:
    pools = data.pool_generated(200)
    expected = {name: round(200 * share) for name, share in corpora.SHARES.items()}
    batches = list(plain.iter_batches(pools, 8, torch.Generator().manual_seed(0)))
    counts = torch.bincount(torch.cat([b.category_N for b in batches]), minlength=7).tolist()
    drawn_counts = dict(zip(TAXONOMY.category_names, counts, strict=False))
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


def test_a_training_that_was_stopped_continues_to_the_same_weights(tmp_path, monkeypatch) -> None:
    recipe, pools = replace(SMALL, epochs=3), [plain.Pool(packed(drawn(40)), 40)]
    whole = plain.train(recipe, DOODLE7, pools, None, tmp_path / "whole")
    save = checkpoints.save

    def save_and_stop(run: str, state: dict) -> None:
        save(run, state)
        if state["epoch"] == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        plain.train(recipe, DOODLE7, pools, None, tmp_path / "stopped")
    monkeypatch.undo()
    epochs = []
    monkeypatch.setattr(checkpoints, "save", lambda run, state: epochs.append(state["epoch"]))
    continued = plain.train(recipe, DOODLE7, pools, None, tmp_path / "stopped")
    assert epochs == [3]
    first, second = (weights.load([str(run)], "segmenter").tensors for run in (whole, continued))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_mean_of_two_weights_lies_between_them(tmp_path) -> None:
    pools = [plain.Pool(packed(drawn(40)), 40)]
    runs = [
        plain.train(replace(SMALL, seed=seed), DOODLE7, pools, None, tmp_path / str(seed))
        for seed in (0, 1)
    ]
    mean = plain.average(runs, "segmenter", tmp_path / "mean")
    one, two, both = (
        weights.load([str(run)], "segmenter").tensors["part_head.weight"] for run in (*runs, mean)
    )
    torch.testing.assert_close(both, (one + two) / 2)
    assert not torch.equal(one, two)


def test_pseudo_labels_are_kept_above_the_certainty_threshold(data, tmp_path) -> None:
    table = data.unlabelled()
    teacher = plain.train(SMALL, TAXONOMY, data.pool_generated(64), None, tmp_path / "teacher")
    all_labels = plain.pseudo_label(teacher, table, TAXONOMY, 0.0)
    expected = [
        TAXONOMY.part_names.index(part)
        for sketch in Segmenter.load(str(teacher))
        .label_table(table, given_category=True)["part"]
        .to_pylist()
        for part in sketch
    ]
    assert all_labels.part_S.tolist() == expected
    assert set(all_labels.instance_S.tolist()) == {-1}
    assert set(plain.pseudo_label(teacher, table, TAXONOMY, 1.1).part_S.tolist()) == {-1}


def test_protocol_writes_tables_and_ships_weights(data, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(default, "SCENES", 8)
    out = tmp_path / "out"
    base = plain.train(SMALL, TAXONOMY, default.pool_base(data, PLAN), None, out / "base")
    plain.train(
        SMALL_REFINER, TAXONOMY, plain.keep_countable(data.pool_generated(64), TAXONOMY), None, base
    )
    names = [n for n in data.held_out_masks() if n in ("fold-0", "fold-1") or "source" in n]
    for name in names:
        default.run_hold_out(data, PLAN, out, name)
    for name in names:
        labelled = pq.read_table(out / name / "student-given.parquet")
        assert len(labelled) == data.held_out_masks()[name].sum()
        seven = pq.read_table(out / name / "student-seven.parquet")
        assert set(seven["category"].to_pylist()) <= set(corpora.SEVEN)
        assert 1 / 7 < min(seven["category_score"].to_pylist()) < 1
    text = results.report(out, data, names)
    for title in results.TITLES.values():
        assert title in text
    figures = json.loads((out / "figures.json").read_text())
    assert set(figures["folds"]) == set(results.TITLES)
    assert set(figures["left_out"]) == set(figures["per_source"]) == {"qd", "sp", "cbsc"}
    row = figures["folds"]["student"]
    assert all(0 <= row[name] <= 100 for name in ("part_accuracy", "auroc", "others_kept", "C"))

    lines = calibration.calibrate(data, out, [0, 1]).splitlines()
    assert [line.split(":")[0] for line in lines if "temperature" in line] == ["category", "part"]
    assert "<svg" in (out / "reliability.svg").read_text()
    temperatures = json.loads((out / "temperatures.json").read_text())

    default.ship(data, PLAN, out, tmp_path / "shipped")
    trained = weights.load([str(out / "everything" / "student")], "segmenter").tensors
    shipped = weights.load([str(tmp_path / "shipped")], "segmenter").tensors
    for head, name in (("part_head.weight", "part"), ("category_head.bias", "category")):
        divided = trained[head] / temperatures[name]
        torch.testing.assert_close(shipped[head], divided, rtol=1e-3, atol=1e-4)
    model = Segmenter.load(str(tmp_path / "shipped"))
    assert model.refiner is not None
    card = weights.load([str(tmp_path / "shipped")], "segmenter").config
    assert card["metrics"]["folds"] == row
    assert card["corpora"]["real"]["drawings"] == 70
    assert card["drawings"]["an epoch"] > 70
    assert "MIT" in card["licences"]


def test_a_run_goes_on_with_the_drawings_and_labels_it_was_begun_with_alone(data, tmp_path) -> None:
    corpora = default.check_corpora(data, tmp_path)
    assert corpora["generated"]["drawings"] == 80
    assert default.check_corpora(data, tmp_path) == corpora
    drawings = from_table(plain.read_corpus(data.real))
    drawings[0] = drawings[0].replace(part=("body",) * len(drawings[0]))
    other = replace(data, real=corpus(tmp_path / "real", drawings))
    with pytest.raises(UserError, match="begun with other corpora: real"):
        default.check_corpora(other, tmp_path)


def test_drawings_held_out_are_among_the_traced_ones_neither(data, tmp_path) -> None:
    # What was traced before is read; here it is the drawings themselves.
    (tmp_path / "traced").mkdir()
    generated, spg = plain.read_corpus(data.generated), data.spg_table("train")
    tables = {
        "real": data.real_table, "generated": generated, "spg": spg,
        "others": data.others(unseen=False),
    }  # fmt: skip
    for name, table in tables.items():
        pq.write_table(table, tmp_path / "traced" / f"{name}.parquet")
    rest = data.real_table.filter(pa.array(~data.held_out_masks()["fold-0"]))
    real, *others = default.pool_traced(data, PLAN, tmp_path, rest, 0.5)
    assert torch.equal(real.batch.points_P2, pack(rest, TAXONOMY).points_P2)
    assert real.number == len(rest)  # half of twice
    assert sum(pool.number for pool in others[:-2]) == pytest.approx(64 * 0.2 * 0.5, abs=4)
    assert len(others[-1].batch) == len(tables["others"])


def test_the_batch_of_a_category_is_what_a_refiner_can_learn_from(data) -> None:
    clouds = pack(to_table(drawn(3, category="cloud")), TAXONOMY)
    cars = pack(to_table(drawn(5, category="car")), TAXONOMY)
    (kept,) = plain.keep_countable([plain.Pool(clouds, 30), plain.Pool(cars, 10)], TAXONOMY)
    assert (len(kept.batch), kept.number) == (5, 10)
