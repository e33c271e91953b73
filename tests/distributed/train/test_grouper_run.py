"""Training a grouper on Ray: the files of a run, its continuation, and errors."""

import json
from dataclasses import asdict, replace

import pyarrow.parquet as pq
import pytest
import safetensors.torch
import torch

from instancesketch.cli.main import main
from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.train.run_training import train
from instancesketch.inference.object_grouper import Grouper
from instancesketch.metrics import SceneTally
from instancesketch.models.packing import pack_scenes
from instancesketch.tracking import metrics_log
from instancesketch.training.config import GrouperFitConfig
from instancesketch.training.fit_grouper import evaluate
from tests.distributed.train.test_run_training import FILES
from tests.drawings import DOODLE7, TINY_GROUPER, composed, sketch_of

pytestmark = pytest.mark.ray

RECIPE = GrouperFitConfig(
    model=TINY_GROUPER, epochs=2, batch_size=8, learning_rate=0.01, average=0.5
)
BARE = sketch_of([(0, 0), (1, 1)], category="sun", part=("ray",), split="train")


def write_corpus(folder):
    """Write forty scenes to train on, ten to select on, and drawings that are not scenes."""
    folder.mkdir()
    scenes = [s.replace(split="train" if i < 40 else "valid") for i, s in enumerate(composed(50))]
    scenes += [BARE.replace(sketch_id=f"bare{i}") for i in range(5)]
    for i in range(2):
        table = to_table(scenes[i::2])
        pq.write_table(table, folder / f"part-{i}.parquet", row_group_size=7)
    return str(folder)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("training") / "corpus")


def config_of(corpus, storage, run, **values):
    values = {"recipe": RECIPE, "selection": "valid", "quiet": True} | values
    return TrainConfig(data=(corpus,), run=run, storage=str(storage), **values)


@pytest.fixture(scope="module")
def done(ray_cluster, corpus, tmp_path_factory):
    """Return finished runs of one and two workers by name: folder, config and summary."""
    storage, found = tmp_path_factory.mktemp("runs"), {}
    for name, workers in (("one", 1), ("two", 2)):
        config = config_of(corpus, storage, name, workers=workers)
        found[name] = (storage / name, config, train(config))
    return found


def weights_of(run):
    return safetensors.torch.load_file(run / "grouper" / "model.safetensors")


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize("name", ["one", "two"])
def test_best_epoch_has_the_highest_panoptic_quality_and_its_weights_load(done, name):
    run, config, summary = done[name]
    assert {f.name for f in run.iterdir() if f.name[0] != "_"} == FILES | {"grouper"}
    settings = json.loads((run / "config.json").read_text())
    assert settings["kind"] == "grouper"
    assert settings["recipe"] == json.loads(json.dumps(asdict(RECIPE)))
    assert settings["drawings"] == {"train": 40, "select": 10}
    assert settings["taxonomy"]["name"] == "doodle7"
    lines = metrics_log.read(str(run))
    assert [line["epoch"] for line in lines] == [1, 2]
    assert [line["drawings"] for line in lines] == [40 // config.workers] * 2
    assert summary["best"] == max(lines, key=lambda line: line["pq"])
    assert "PQ" in (run / "curves.svg").read_text()
    grouper = Grouper.load(str(run))
    assert (grouper.taxonomy, grouper.net.config) == (DOODLE7, TINY_GROUPER)
    assert grouper.group_table(to_table(composed(3)))["object"].null_count == 0
    about = json.loads((run / "grouper" / "config.json").read_text())
    assert about["metrics"] == summary["best"]


@pytest.mark.parametrize("name", ["one", "two"])
def test_selection_counts_every_scene_once(done, corpus, name):
    """Compare the metrics of several workers with those of one process for the same weights."""
    run, _, summary = done[name]
    tally = SceneTally.empty((), DOODLE7.category_names)
    table = pq.read_table(corpus)
    batch = pack_scenes(table.filter([s == "valid" for s in table["split"].to_pylist()]), DOODLE7)
    tally += evaluate(Grouper.load(str(run)).net, [batch], DOODLE7)
    figures = tally.figures()
    assert figures["scenes"] == 10
    for key in ("pq", "pq_seven"):
        assert summary["best"][key] == figures[key] is not None


def test_run_without_its_last_files_is_completed_and_then_reported_finished(done):
    run, config, summary = done["two"]
    learned = weights_of(run)
    for path in ("summary.json", "grouper/config.json", "grouper/model.safetensors"):
        (run / path).unlink()
    again = train(config)
    assert (again["best_epoch"], again["best"]) == (summary["best_epoch"], summary["best"])
    assert equal(weights_of(run), learned)
    assert train(config) == again | {"finished_before": True}


def test_weights_initialise_a_run_and_unsuitable_ones_are_refused(done, corpus, tmp_path):
    first, _, _ = done["one"]
    still = replace(RECIPE, learning_rate=0.0, weight_decay=0.0, average=0.0, epochs=1)
    config = config_of(corpus, tmp_path, "next", recipe=still, weights=(str(first),))
    train(config)
    before, after = weights_of(first), weights_of(tmp_path / "next")
    learned = {k for k in before if "running" not in k and "num_batches" not in k}
    assert equal({k: before[k] for k in learned}, {k: after[k] for k in learned})
    wider = replace(RECIPE, model=replace(TINY_GROUPER, pair_width=8))
    with pytest.raises(UserError, match="another shape"):
        train(replace(config, run="wide", recipe=wider))
    with pytest.raises(UserError, match="no grouper in spg20"):
        train(replace(config, run="other", weights=("spg20",)))


def test_unusable_corpora_are_refused_in_one_line(ray_cluster, tmp_path):
    def refusal(scenes, **values):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        pq.write_table(to_table(scenes), folder / "rows.parquet")
        with pytest.raises(UserError) as error:
            train(config_of(str(folder), tmp_path / "runs", "run", **values))
        assert "\n" not in str(error.value)
        assert not (tmp_path / "runs").exists()
        return str(error.value)

    (scene,) = composed(1)
    assert "no scene to train on" in refusal([BARE])
    assert "no scene to train on" in refusal([scene.replace(split="test")])
    assert "no drawing to select" in refusal([scene.replace(split="train")])
    told = refusal([scene.replace(split="train")], workers=2, selection="none")
    assert "2 workers for 1" in told


def test_verb_prints_the_metrics_and_folder_of_a_finished_run(done, corpus, capsys):
    run, _, summary = done["one"]
    ask = ["train", "grouper", "--data", corpus, "--run", "one", "--storage", str(run.parent)]
    ask += ["--select", "valid", "--quiet", "--epochs", "2", "--batch-size", "8"]
    changes = {"learning_rate": 0.01, "average": 0.5} | {
        f"model.{name}": list(value) if isinstance(value, tuple) else value
        for name, value in asdict(TINY_GROUPER).items()
        if not isinstance(value, bool)
    }
    ask += [part for name, value in changes.items() for part in ("--set", f"{name}={value}")]
    assert main(ask) == 0
    best = summary["best"]
    assert capsys.readouterr().out == (
        f"train: finished before: epoch {summary['best_epoch']} of 2, PQ {best['pq']:.2f}, "
        f"PQ-seven {best['pq_seven']:.2f} on 10 drawings -> {run}\n"
    )
