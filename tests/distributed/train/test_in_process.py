"""Training runs in one process: their files, continuation, and weights to begin from."""

import json
import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch
from defusedxml import ElementTree

from instancesketch.core import storage
from instancesketch.core.errors import TransientError, UserError
from instancesketch.core.schema import to_table
from instancesketch.core.taxonomy import SIDES, Taxonomy, side_of
from instancesketch.core.usage import MEASURED_FIELDS
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.train.in_process import train_in_process
from instancesketch.inference.instances import find_instances
from instancesketch.inference.object_grouper import Grouper
from instancesketch.inference.result_columns import Vocabulary, instance_columns
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models import weights
from instancesketch.models.features import StrokeFeatures
from instancesketch.tracking import checkpoints, metrics_log
from instancesketch.tracking.metrics_log import METRICS
from instancesketch.tracking.run_state import RunState
from tests.distributed.train.runs import (
    FILES,
    RECIPE,
    RECIPES,
    REFINER,
    config_of,
    equal,
    weights_of,
    write_corpus,
    write_files,
    write_scenes,
)
from tests.drawings import DOODLE7, TINY, TINY_GROUPER, composed, drawn, packed

KINDS = list(RECIPES)
CHOSEN_BY = {"segmenter": "macro_f1", "refiner": "grouping", "grouper": "pq"}
# Fields that differ between two starts of one run.
COSTS = {"seconds", "peak_memory_mb"}
# Nothing is learned, so that weights can be compared with those that the training began with.
STILL: dict[str, Any] = {"learning_rate": 0.0, "weight_decay": 0.0, "average": 0.0, "epochs": 1}
Run = tuple[Path, TrainConfig, dict[str, Any]]  # folder, config and summary


class Corpora(dict[str, str]):
    """A corpus for each model kind, written when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __missing__(self, kind: str) -> str:
        name = "scenes" if kind == "grouper" else "drawings"
        write = write_scenes if kind == "grouper" else write_corpus
        there = self.folder / name
        self[kind] = str(there) if there.exists() else write(there)
        return self[kind]


class Runs(dict[str, Run]):
    """A finished run of each model kind, trained when it is first asked for."""

    def __init__(self, corpora: Corpora, storage: Path) -> None:
        self.corpora, self.storage = corpora, storage

    def __missing__(self, kind: str) -> Run:
        config = config_of(self.corpora[kind], self.storage, kind, recipe=RECIPES[kind])
        self[kind] = (self.storage / kind, config, train_in_process(config))
        return self[kind]


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Corpora:
    return Corpora(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="module")
def done(corpora: Corpora, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(corpora, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run without a selection split, which draws no pictures, that was never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    corpus = write_files(folder / "corpus", [s.replace(split="train") for s in drawn(30, seed=2)])
    config = config_of(corpus, folder, "run", recipe=REFINER, selection="none")
    return folder / "run", config, train_in_process(config)


@pytest.mark.parametrize("kind", KINDS)
def test_run_writes_its_config_metrics_and_pictures(
    done: Runs, corpora: Corpora, kind: str
) -> None:
    run, config, _ = done[kind]
    pictures = {"confusion.png"} if kind == "segmenter" else set()
    assert {f.name for f in run.iterdir() if f.name[0] != "_"} == FILES | pictures | {kind}
    settings = json.loads((run / "config.json").read_text())
    assert settings["kind"] == kind
    assert settings["recipe"] == json.loads(json.dumps(asdict(config.recipe)))
    assert settings["data"] == [corpora[kind]]
    rows = {"train": 40, "select": 10} if kind == "grouper" else {"train": 100, "select": 40}
    assert settings["drawings"] == rows
    assert settings["taxonomy"]["name"] == "doodle7"
    lines = metrics_log.read(str(run))
    assert [line["epoch"] for line in lines] == [1, 2]
    assert [line["drawings"] for line in lines] == [rows["train"]] * 2
    ElementTree.parse(run / "curves.svg")
    title = {"segmenter": "macro-F1", "refiner": "grouping", "grouper": "PQ"}[kind]
    assert title in (run / "curves.svg").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_summary_has_the_best_epoch_the_pace_and_the_memory(done: Runs, kind: str) -> None:
    run, _, summary = done[kind]
    lines = metrics_log.read(str(run))
    assert json.loads((run / "summary.json").read_text()) == summary
    best = max(lines, key=lambda line: line[CHOSEN_BY[kind]])
    assert (summary["best_epoch"], summary["best"]) == (best["epoch"], best)
    assert summary["starts"] == [{"epoch": 0, "workers": 1, "damaged": []}]
    assert "finished_before" not in summary
    assert summary["speed"]["drawings"] == sum(line["drawings"] for line in lines)
    assert summary["peak_memory_mb"]["worker"] == max(line["memory_mb"] for line in lines) > 0
    stages = [stage["busy_seconds"] for stage in summary["stages"].values()]
    assert min(stages) > 0
    assert sum(stages) == pytest.approx(sum(line["seconds"] for line in lines), abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_those_of_the_best_epoch(done: Runs, kind: str) -> None:
    run, config, summary = done[kind]
    best = checkpoints.best(str(run)).state
    assert best is not None
    assert best["epoch"] == summary["best_epoch"]
    assert equal(weights_of(run, kind), best["mean"])
    about = json.loads((run / kind / "config.json").read_text())
    assert about["metrics"] == summary["best"]
    assert about["model"] == json.loads(json.dumps(asdict(config.recipe)))["model"]


def test_weights_load_from_the_folder_of_a_run(done: Runs) -> None:
    segmenter = Segmenter.load([str(done[kind][0]) for kind in ("segmenter", "refiner")])
    assert segmenter.taxonomy == DOODLE7
    grouper = Grouper.load(str(done["grouper"][0]))
    assert (grouper.taxonomy, grouper.net.config) == (DOODLE7, TINY_GROUPER)
    assert grouper.group_table(to_table(composed(3)))["object"].null_count == 0


def test_segmenter_and_refiner_label_instances_and_sides(done: Runs) -> None:
    model = Segmenter.load([str(done[kind][0]) for kind in ("segmenter", "refiner")])
    sketches = drawn(40, 4, "2leg")
    few = [s.replace(part=None, label=None, instance=None) for s in sketches]
    labelled = model.label_table(to_table(few), given_category=True)
    countable = DOODLE7.categories["2leg"].countable
    assert all((number is not None) == (part in countable) for part, _, number in strokes(labelled))
    # So short a training finds few legs: those that there are have sides.
    assert model.refiner is not None
    batch = packed(sketches)
    with torch.inference_mode():
        columns = instance_columns(
            partial(find_instances, model.refiner), StrokeFeatures.of(batch), batch.part_S,
            batch.category_N, Vocabulary(DOODLE7),
        )  # fmt: skip
    found = strokes(pa.table({name: columns[name] for name in ("part", "label", "instance")}))
    assert {side_of(part, label) for part, label, _ in found if label != part} == set(SIDES)
    assert any(number and number > 1 for _, _, number in found)


def strokes(table: pa.Table) -> list[tuple[str, str, int | None]]:
    """Return part, label and instance of all strokes of a result."""
    columns = (table[name].combine_chunks().flatten() for name in ("part", "label", "instance"))
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


def test_finished_run_is_reported_and_left_unchanged(done: Runs) -> None:
    run, config, summary = done["segmenter"]
    before = {f: f.stat().st_mtime_ns for f in run.rglob("*")}
    assert train_in_process(config) == summary | {"finished_before": True}
    assert {f: f.stat().st_mtime_ns for f in run.rglob("*")} == before


@pytest.mark.parametrize("kind", ["refiner", "grouper"])
def test_run_without_its_last_files_is_completed(done: Runs, kind: str) -> None:
    run, config, summary = done[kind]
    learned = (run / kind / "model.safetensors").read_bytes()
    for path in ("summary.json", f"{kind}/config.json", f"{kind}/model.safetensors"):
        (run / path).unlink()
    again = train_in_process(config)
    assert {k: v for k, v in again.items() if k not in COSTS} == {
        k: v for k, v in summary.items() if k not in COSTS
    }
    assert (run / kind / "model.safetensors").read_bytes() == learned


class Stop(Exception):
    """Ends a training as a killed process would."""


def stop_after(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    """Make a training end once the checkpoint of an epoch is written, before it is logged."""
    save = checkpoints.save

    def save_and_stop(run: str, state: dict[str, Any]) -> None:
        save(run, state)
        if state["epoch"] == epoch:
            raise Stop

    monkeypatch.setattr(checkpoints, "save", save_and_stop)


@pytest.mark.parametrize("damaged", [(), (2,), (1, 2)], ids=["none", "newest", "all"])
def test_stopped_run_continues_from_its_newest_whole_checkpoint(
    whole: Run, tmp_path: Path, damaged: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    unbroken, config, expected = whole
    run, config = tmp_path / "run", replace(config, storage=str(tmp_path))
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        with pytest.raises(Stop):
            train_in_process(config)
    assert [line["epoch"] for line in metrics_log.read(str(run))] == [1]
    assert not (run / "summary.json").exists()
    for epoch in damaged:
        (path,) = (run / checkpoints.FOLDER).glob(f"epoch-{epoch:06d}-*")
        path.write_bytes(path.read_bytes()[:-1])
    summary = train_in_process(config)
    after = {(): 2, (2,): 1, (1, 2): 0}[damaged]
    assert summary["starts"] == [
        {"epoch": 0, "workers": 1, "damaged": []},
        {"epoch": after, "workers": 1, "damaged": sorted(damaged, reverse=True)},
    ]
    goes_on = f"goes on after epoch {after}" if after else "starts at the beginning"
    warnings = [r.getMessage() for r in caplog.records if "damaged;" in r.getMessage()]
    assert [goes_on in text for text in warnings] == ([True] if damaged else [])
    figures = [
        [{k: v for k, v in line.items() if k not in MEASURED_FIELDS} for line in lines]
        for lines in (metrics_log.read(str(run)), metrics_log.read(str(unbroken)))
    ]
    assert figures[0] == figures[1]
    assert summary["best_epoch"] == expected["best_epoch"]
    assert equal(weights_of(run, "refiner"), weights_of(unbroken, "refiner"))


def test_metrics_that_could_not_be_written_are_written_later(
    whole: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Fill the disk until a run has ended, but for its checkpoints; then start it again."""
    config = replace(whole[1], storage=str(tmp_path))
    write = storage.write_text

    def write_if_there_is_room(location: str, text: str) -> None:
        if location.endswith(METRICS):
            raise UserError(f"{location} can't be written: no space left")
        write(location, text)

    with monkeypatch.context() as patch:
        patch.setattr(storage, "write_text", write_if_there_is_room)
        with pytest.raises(
            TransientError, match=f"{METRICS} couldn't be written and lacks .* epoch 0;"
        ) as error:
            train_in_process(config)
    assert "\n" not in str(error.value)
    warnings = [r.getMessage() for r in caplog.records if r.name.endswith("status")]
    assert [text.split(":")[0] for text in warnings] == ["epoch 1", "epoch 2"]
    assert all(text.endswith("it is tried again with the next") for text in warnings)
    assert train_in_process(config)["starts"][1:] == [{"epoch": 2, "workers": 1, "damaged": []}]
    assert [line["epoch"] for line in metrics_log.read(str(tmp_path / "run"))] == [1, 2]


def test_diverged_run_names_the_epoch_and_the_remedy(whole: Run, tmp_path: Path) -> None:
    recipe = replace(REFINER, learning_rate=1e36)
    config = replace(whole[1], storage=str(tmp_path), recipe=recipe)
    with pytest.raises(
        UserError, match="loss became NaN or infinite in epoch 1; lower learning_rate"
    ):
        train_in_process(config)
    assert checkpoints.newest(str(tmp_path / "run")).state is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": replace(RECIPE, seed=5)}, "seed was 0, is 5"),
        ({"recipe": replace(RECIPE, model=replace(TINY, layers=2))}, "layers was 1, is 2"),
        ({"selection": "tenth"}, "selection was valid, is tenth"),
        ({"recipe": REFINER}, "kind was segmenter, is refiner"),
    ],
)
def test_run_with_another_config_is_refused(
    done: Runs, change: dict[str, Any], message: str
) -> None:
    run, config, _ = done["segmenter"]
    before = (run / "config.json").read_text()
    with pytest.raises(UserError) as error:
        train_in_process(replace(config, **change))
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert (run / "config.json").read_text() == before


@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_another_shape_or_kind_are_refused(
    done: Runs, tmp_path: Path, kind: str
) -> None:
    run, config, _ = done[kind]
    wider = replace(config.recipe.model, layers=2)
    config = replace(config, storage=str(tmp_path), run="next", weights=(str(run),))
    with pytest.raises(UserError, match="another shape"):
        train_in_process(replace(config, recipe=replace(config.recipe, model=wider)))
    other = str(done["refiner" if kind != "refiner" else "segmenter"][0])
    with pytest.raises(UserError, match=f"no {kind} in "):
        train_in_process(replace(config, weights=(other,)))
    assert not (tmp_path / "next").exists()


@pytest.mark.parametrize("kind", ["segmenter", "grouper"])
def test_run_starts_from_weights_and_keeps_the_last_epoch(
    done: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    first, config, _ = done[kind]
    monkeypatch.chdir(first.parent)  # weights and corpora may be named relative to it
    few = composed(3) if kind == "grouper" else drawn(3, seed=8)
    write_files(tmp_path / "few", [s.replace(split="train") for s in few])
    summary = train_in_process(
        replace(
            config,
            data=(str(tmp_path / "few"),),
            storage=str(tmp_path),
            run="next",
            selection="none",
            recipe=replace(config.recipe, **STILL),
            weights=(kind,),
            taxonomy=None,
        )
    )
    assert summary["best_epoch"] == 1
    assert CHOSEN_BY[kind] not in summary["best"]
    before, after = weights_of(first, kind), weights_of(tmp_path / "next", kind)
    learned = [k for k in before if "running" not in k and "num_batches" not in k]
    assert all(torch.equal(before[k], after[k]) for k in learned)


def test_weights_initialise_a_run_with_a_custom_taxonomy(done: Runs, tmp_path: Path) -> None:
    first, _, _ = done["segmenter"]
    hull = {"words": [], "parts": ["wheel", "hull", "unlabeled"], "countable": ["wheel"]}
    own = Taxonomy.from_dict(
        {"name": "mine", "categories": {"cart": hull | {"sided": [], "aliases": {}}}}
    )
    carts = [
        s.replace(
            category="cart",
            split="train",
            part=tuple("hull" if p == "frame" else p for p in s.part or ()),
            label=None,
        )
        for s in drawn(12, seed=4, category="car")
    ]
    config = config_of(
        write_files(tmp_path / "carts", carts),
        tmp_path,
        "next",
        selection="none",
        recipe=replace(RECIPE, **STILL),
        weights=(str(first),),
        taxonomy=own,
    )
    train_in_process(config)
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


def test_run_needs_no_ray(whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError):
        import ray  # noqa: F401
    run, config, _ = whole
    train_in_process(replace(config, storage=str(tmp_path)))
    assert equal(weights_of(tmp_path / "run", "refiner"), weights_of(run, "refiner"))
    assert len(RunState(str(tmp_path / "run")).starts()) == 1
