"""Training on Ray: the files of a run, its continuation, and errors."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import safetensors.torch
import torch
from defusedxml import ElementTree

from instancesketch.batch.config import SegmentConfig
from instancesketch.batch.segment import segment
from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.core.taxonomy import SIDES, Taxonomy, side_of
from instancesketch.distributed.ray_runner import RayRunner
from instancesketch.distributed.train import resolve as resolve_module
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.train.run_training import train
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models import weights
from instancesketch.models.packing import pack
from instancesketch.tracking import metrics_log
from instancesketch.training import fit_refiner, fit_segmenter
from instancesketch.training.config import RefinerFitConfig, SegmenterFitConfig
from tests.drawings import DOODLE7, TINY, TINY_REFINER, drawn, sketch_of

pytestmark = pytest.mark.ray

# A high learning rate and a short average, so that differences between workers would show.
RECIPE = SegmenterFitConfig(model=TINY, epochs=2, batch_size=16, learning_rate=0.02, average=0.5)
REFINER = RefinerFitConfig(
    model=TINY_REFINER, epochs=2, batch_size=16, learning_rate=0.02, average=0.5
)
FILES = {
    "config.json", "metrics.jsonl", "curves.svg", "summary.json", "tensorboard", "examples.png",
}  # fmt: skip


def write_corpus(folder: Path) -> str:
    """Write 100 drawings to train on, 40 to select on and 30 unlabelled, in uneven row groups."""
    folder.mkdir()
    sketches = [
        s.replace(split="train" if i < 100 else "valid") for i, s in enumerate(drawn(140, seed=2))
    ]
    sketches += [s.replace(part=None, label=None) for s in drawn(30, seed=3)]
    for i in range(2):
        table = to_table(sketches[i::2])
        # More than sixteen to train on for each of two workers, which read whole ones then.
        with pq.ParquetWriter(folder / f"part-{i}.parquet", table.schema) as file:
            for first in range(0, len(table), 6):
                file.write_table(table.slice(first, 5))
                file.write_table(table.slice(first + 5, 1))
    return str(folder)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("training") / "corpus")


def config_of(corpus, storage, run, **values):
    values = {"recipe": RECIPE, "selection": "valid", "quiet": True, "taxonomy": "doodle7"} | values
    return TrainConfig(data=(corpus,), run=run, storage=str(storage), **values)


# Fields that differ between machines and between runs.
COSTS = {"seconds", "peak_memory_mb"}


@pytest.fixture(scope="module")
def done(ray_cluster, corpus, tmp_path_factory):
    """Return finished runs by name: folder, config and summary."""
    storage = tmp_path_factory.mktemp("runs")
    found = {}
    for name, workers in (("one", 1), ("two", (1, 2)), ("refiner", 2)):
        recipe = REFINER if name == "refiner" else RECIPE
        config = config_of(corpus, storage, name, workers=workers, recipe=recipe)
        found[name] = (storage / name, config, train(config))
    return found


def weights_of(run):
    return safetensors.torch.load_file(run / "segmenter" / "model.safetensors")


def same_weights(a, b):
    left, right = weights_of(a), weights_of(b)
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


@pytest.mark.parametrize("name", ["one", "two"])
def test_run_writes_its_config_metrics_curves_and_weights(done, corpus, name):
    run, _, summary = done[name]
    assert {f.name for f in run.iterdir() if f.name[0] != "_"} == FILES | {
        "segmenter",
        "confusion.png",
    }
    settings = json.loads((run / "config.json").read_text())
    assert settings["recipe"] == json.loads(json.dumps(asdict(RECIPE)))
    assert settings["data"] == [corpus]
    assert settings["workers"] == (1 if name == "one" else [1, 2])
    workers = 1 if name == "one" else 2
    assert settings["drawings"] == {"train": 100, "select": 40}
    lines = metrics_log.read(str(run))
    assert [line["epoch"] for line in lines] == [1, 2]
    for line in lines:
        assert {"loss", "learning_rate", "seconds", "macro_f1", "part_accuracy", "C", "P"} <= set(
            line
        )
    # Seven steps of 16, the last of 4, hold the 100 drawings; of two workers one has none of these.
    assert [line["all_drawings"] for line in lines] == [100] * 2
    assert [line["drawings"] for line in lines] == [6 * 16 // workers + 4] * 2
    assert [line["workers"] for line in lines] == [workers] * 2
    ElementTree.parse(run / "curves.svg")
    assert json.loads((run / "summary.json").read_text()) == summary
    best = max(lines, key=lambda line: line["macro_f1"])
    assert summary["best_epoch"] == best["epoch"]
    assert summary["best"] == best
    assert summary["starts"] == [{"epoch": 0, "workers": workers, "damaged": []}]
    assert "finished_before" not in summary
    assert summary["speed"]["drawings"] == 200
    assert summary["peak_memory_mb"]["worker"] == max(line["memory_mb"] for line in lines) > 0
    stages = [stage["busy_seconds"] for stage in summary["stages"].values()]
    assert min(stages) > 0
    assert sum(stages) == pytest.approx(sum(line["seconds"] for line in lines), abs=0.01)


@pytest.mark.parametrize("name", ["one", "two"])
def test_weights_load_from_the_folder_of_a_run(done, name):
    run, _, summary = done[name]
    model = Segmenter.load(str(run))
    assert model.taxonomy == DOODLE7
    assert all(s.part for s in model.label(drawn(3)))
    about = json.loads((run / "segmenter" / "config.json").read_text())
    assert about["metrics"] == summary["best"]
    assert about["recipe"]["seed"] == RECIPE.seed
    assert about["model"] == about["recipe"]["model"]


def test_refiner_run_writes_the_same_files_and_selects_by_grouping(done):
    run, _, summary = done["refiner"]
    assert {f.name for f in run.iterdir() if f.name[0] != "_"} == FILES | {"refiner"}
    settings = json.loads((run / "config.json").read_text())
    assert settings["kind"] == "refiner"
    assert settings["recipe"] == json.loads(json.dumps(asdict(REFINER)))
    lines = metrics_log.read(str(run))
    assert [line["epoch"] for line in lines] == [1, 2]
    assert all({"loss", "grouping", "ari"} <= set(line) for line in lines)
    assert "macro_f1" not in lines[0]
    assert "grouping" in (run / "curves.svg").read_text()
    assert summary["best"] == max(lines, key=lambda line: line["grouping"])
    assert "finished_before" not in summary
    about = json.loads((run / "refiner" / "config.json").read_text())
    assert about["metrics"] == summary["best"]
    assert about["model"] == settings["recipe"]["model"]


@pytest.mark.parametrize("name", ["one", "two", "refiner"])
def test_selection_counts_every_drawing_once(done, corpus, name):
    """Compare the metrics of several workers with those of one process for the same weights."""
    run, _, summary = done[name]
    tables = [pq.read_table(path) for path in sorted(Path(corpus).iterdir())]
    batches = [pack(t.filter([s == "valid" for s in t["split"].to_pylist()]), DOODLE7)
               for t in tables]  # fmt: skip
    assert sum(map(len, batches)) == 40
    if name == "refiner":
        net, _ = weights.build(weights.load([str(run)], "refiner"))
        figures = fit_refiner.evaluate(net, batches, DOODLE7).figures()
    else:
        net = Segmenter.load(str(run)).net
        figures = fit_segmenter.evaluate(net, batches, DOODLE7, given=True).figures()
    told = [key for key in metrics_log.PERCENT if key in summary["best"]]
    assert len(told) == (2 if name == "refiner" else 4)
    for key in told:
        assert summary["best"][key] == figures[key] is not None


def test_segmenter_and_refiner_label_instances_and_sides_on_ray(done, tmp_path):
    """Label with the weights of two runs, and compare Ray's result with one process."""
    runs = [str(done[name][0]) for name in ("two", "refiner")]
    few = [s.replace(part=None, label=None, instance=None) for s in drawn(40, 4, "2leg")]
    config = SegmentConfig(
        sources=(small_corpus(tmp_path / "few", few),),
        out=str(tmp_path / "result"),
        weights=tuple(runs),
        given_category=True,
        workers=1,
        quiet=True,
    )
    assert segment(config, RayRunner()).failed == 0
    names = ["sketch_id", "part", "label", "instance"]
    (written,) = (pq.read_table(f) for f in Path(config.out).glob("part-*"))
    labelled = Segmenter.load(runs).label_table(to_table(few), given_category=True)
    assert written.select(names).equals(labelled.select(names))
    strokes = [
        stroke
        for row in written.to_pylist()
        for stroke in zip(row["part"], row["label"], row["instance"], strict=True)
    ]
    countable = DOODLE7.categories["2leg"].countable
    assert all((number is not None) == (part in countable) for part, _, number in strokes)
    sides = [side_of(part, label) for part, label, _ in strokes if label != part]
    assert set(sides) == set(SIDES)
    assert any(number and number > 1 for _, _, number in strokes)


def test_finished_run_is_reported_and_left_unchanged(done):
    run, config, summary = done["two"]
    before = {f: f.stat().st_mtime_ns for f in run.rglob("*")}
    assert train(config) == summary | {"finished_before": True}
    assert {f: f.stat().st_mtime_ns for f in run.rglob("*")} == before


def test_run_without_its_last_files_is_completed(done):
    run, config, summary = done["refiner"]
    learned = (run / "refiner" / "model.safetensors").read_bytes()
    for path in ("summary.json", "refiner/config.json", "refiner/model.safetensors"):
        (run / path).unlink()
    again = train(config)
    assert {k: v for k, v in again.items() if k not in COSTS} == {
        k: v for k, v in summary.items() if k not in COSTS
    }
    assert (run / "refiner" / "model.safetensors").read_bytes() == learned


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"workers": 1}, "workers was [1, 2], is 1"),
        ({"recipe": replace(RECIPE, seed=5)}, "seed was 0, is 5"),
        ({"recipe": replace(RECIPE, model=replace(TINY, layers=2))}, "layers was 1, is 2"),
        ({"selection": "tenth"}, "selection was valid, is tenth"),
        ({"recipe": REFINER}, "kind was segmenter, is refiner"),
    ],
)
def test_run_with_another_config_is_refused(done, change, told):
    run, config, _ = done["two"]
    before = (run / "config.json").read_text()
    with pytest.raises(UserError) as error:
        train(replace(config, **change))
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert (run / "config.json").read_text() == before


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"workers": 64, "recipe": replace(RECIPE, batch_size=64)}, "room for"),
        ({"gpus_per_worker": 8.0}, "8 GPUs"),
        ({"gpus_per_worker": 0.5, "workers": 2}, "0.5 GPUs"),
        ({"workers": 17}, "batches of 16 drawings can't be shared by 17 workers; raise --batch-s"),
        ({"workers": (2, 17)}, "can't be shared by 17 workers"),
        ({"workers": (2, 1)}, "the least comes first"),
        ({"workers": (8, 16), "recipe": replace(RECIPE, batch_size=720720)}, "8 workers with"),
        ({"workers": 0}, "at least one worker"),
        ({"run": "a/b"}, "plain name"),
        ({"run": ""}, "plain name"),
        ({"taxonomy": "spg20"}, "no labelled drawing"),
        ({"taxonomy": "nowhere"}, "no taxonomy"),
        ({"weights": ("nowhere",)}, "nowhere"),
        ({"data": ("/nowhere",)}, "is not a corpus"),
    ],
    ids=str,
)
def test_impossible_training_is_refused_before_anything_is_written(
    ray_cluster, corpus, tmp_path, values, told
):
    config = replace(config_of(corpus, tmp_path / "runs", "r"), **values)
    with pytest.raises(UserError, match=told) as error:
        train(config)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "runs").exists()


def small_corpus(folder, sketches):
    folder.mkdir()
    pq.write_table(to_table(sketches), folder / "rows.parquet")
    return str(folder)


def test_unusable_corpora_are_refused(ray_cluster, tmp_path):
    def refusal(*sketches, **values):
        corpus = small_corpus(tmp_path / str(len(list(tmp_path.iterdir()))), sketches)
        with pytest.raises(UserError) as error:
            train(config_of(corpus, tmp_path, "run", **values))
        return str(error.value)

    sun = {"category": "sun", "split": "train"}
    one = sketch_of([(0, 0), (1, 1)], part=("ray",), **sun)
    assert "no labelled drawing" in refusal(one.replace(part=None))
    assert "no labelled drawing" in refusal(one.replace(split="test"))
    assert "'petal' of sun" in refusal(one.replace(part=("petal",)))
    assert "no drawing to select" in refusal(one)
    assert "2 workers for 1 labelled" in refusal(one, workers=2, selection="none")
    for instance in (None, (None,), (0,)):  # 0: several at once, or not known
        told = refusal(one.replace(instance=instance), recipe=REFINER, selection="none")
        assert "which instance a stroke draws" in told
        assert "\n" not in told


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"recipe": replace(RECIPE, model=replace(TINY, layers=2))}, "another shape"),
        ({"recipe": REFINER}, "no refiner in"),
    ],
    ids=["shape", "kind"],
)
def test_weights_that_do_not_fit_are_refused(done, corpus, tmp_path, values, told):
    first, _, _ = done["one"]
    config = config_of(corpus, tmp_path, "next", weights=(str(first),), **values)
    with pytest.raises(UserError, match=told):
        train(config)


def test_run_starts_from_weights_and_keeps_the_last_epoch(done, tmp_path, monkeypatch):
    """Train two workers on three drawings, less than a batch, in a single row group."""
    first, _, _ = done["one"]
    monkeypatch.chdir(first.parent)  # workers have other working folders than the driver
    monkeypatch.setattr(resolve_module, "FEW_GROUPS", 0)
    small_corpus(first.parent / "few", [s.replace(split="train") for s in drawn(3, seed=8)])
    still = replace(RECIPE, learning_rate=0.0, weight_decay=0.0, average=0.0, epochs=1)
    config = config_of("few", tmp_path, "next", workers=2, selection="none", recipe=still)
    summary = train(replace(config, weights=("one",), taxonomy=None))
    assert summary["best_epoch"] == 1
    assert "macro_f1" not in summary["best"]
    before, after = weights_of(first), weights_of(tmp_path / "next")
    learned = [k for k in before if "running" not in k and "num_batches" not in k]
    assert all(torch.equal(before[k], after[k]) for k in learned)


def test_weights_initialise_a_run_with_a_custom_taxonomy(done, tmp_path):
    first, _, _ = done["one"]
    hull = {"words": [], "parts": ["wheel", "hull", "unlabeled"], "countable": ["wheel"]}
    own = Taxonomy.from_dict(
        {"name": "mine", "categories": {"cart": hull | {"sided": [], "aliases": {}}}}
    )
    carts = [
        s.replace(
            category="cart",
            split="train",
            part=tuple("hull" if p == "frame" else p for p in s.part),
            label=None,
        )
        for s in drawn(12, seed=4, category="car")
    ]
    still = replace(RECIPE, learning_rate=0.0, weight_decay=0.0, average=0.0, epochs=1)
    config = config_of(
        small_corpus(tmp_path / "carts", carts),
        tmp_path,
        "next",
        selection="none",
        recipe=still,
        weights=(str(first),),
        taxonomy=own,
    )
    train(config)
    before, after = weights_of(first), weights_of(tmp_path / "next")
    assert torch.equal(before["part_head.weight"][DOODLE7.part_names.index("wheel")],
                       after["part_head.weight"][own.part_names.index("wheel")])  # fmt: skip
    assert len(after["part_head.weight"]) == 3
    assert after["category.weight"].shape[0] == 2
    assert torch.equal(before["category.weight"][-1], after["category.weight"][-1])
    shared = [k for k in before if k.startswith("transformer.")]
    assert all(torch.equal(before[k], after[k]) for k in shared)
    net, taxonomy = weights.build(weights.load([str(tmp_path / "next")], "segmenter"))
    assert taxonomy.part_names == own.part_names
    assert Segmenter(net, taxonomy).label(carts[:1])[0].category == "cart"
