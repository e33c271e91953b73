"""The loop over epochs in one process: what it reports and saves, its selection, continuation."""

import io
import sys
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from instancesketch.core import parquet
from instancesketch.core.errors import UserError
from instancesketch.core.usage import MEASURED_FIELDS
from instancesketch.models import weights
from instancesketch.models.packing import pack, pack_scenes
from instancesketch.training import dataloader, ranks, sampling
from instancesketch.training.config import (
    FitConfig,
    GrouperFitConfig,
    RefinerFitConfig,
    SegmenterFitConfig,
)
from instancesketch.training.loop import LoopConfig, Progress, prepare_fit, train_epochs
from instancesketch.training.roles import RowGroup
from tests.drawings import (
    DOODLE7,
    TINY,
    TINY_GROUPER,
    TINY_REFINER,
    composed,
    corpus,
    count_corpus,
    drawn,
)

CPU = torch.device("cpu")
# A high learning rate and a short average, so that differences between weights would show.
FAST: dict[str, Any] = {"epochs": 3, "batch_size": 16, "learning_rate": 0.02, "average": 0.5}
RECIPES: dict[str, FitConfig] = {
    "segmenter": SegmenterFitConfig(model=TINY, **FAST),
    "refiner": RefinerFitConfig(model=TINY_REFINER, **FAST),
    "grouper": GrouperFitConfig(model=TINY_GROUPER, **FAST | {"batch_size": 8}),
}
FIGURES = {
    "segmenter": {"macro_f1", "part_accuracy", "C", "P"},
    "refiner": {"grouping", "ari"},
    "grouper": {"pq", "pq_named"},
}
KINDS = list(RECIPES)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write rows to train on, to select on, and unlabelled ones, mixed in row groups."""
    folder = tmp_path_factory.mktemp("corpora")
    drawings = [s.replace(split="valid" if i % 3 else "train") for i, s in enumerate(drawn(90, 2))]
    drawings += [s.replace(part=None, label=None) for s in drawn(10, seed=3)]
    scenes = [s.replace(split="valid" if i % 3 else "train") for i, s in enumerate(composed(36))]
    parts = corpus(folder / "drawings", drawings, rows_per_group=15, files=2)
    objects = corpus(folder / "scenes", scenes + drawings[:5], rows_per_group=7, files=2)
    return {"segmenter": parts, "refiner": parts, "grouper": objects}


def loop_of(data: str, recipe: FitConfig, selection: Any = "valid", **values: Any) -> LoopConfig:
    """Return the config of a training on a corpus, its rows counted."""

    def count(role: Any) -> list[RowGroup]:
        counted = count_corpus(data, role, selection, recipe.labels)
        return [group for group in counted if group.rows]

    rows = {"train": count("train"), "select": count("select")}
    return LoopConfig(recipe=recipe, taxonomy=DOODLE7, selection=selection, **rows, **values)


class Training:
    """A training, and what it saved and reported, in order."""

    def __init__(self, loop: LoopConfig, state: dict[str, Any] | None = None) -> None:
        self.loop, self.fit = loop, prepare_fit(loop, CPU)
        self.states: list[dict[str, Any]] = []
        self.reported: list[dict[str, Any]] = []
        self.events: list[tuple[str, int]] = []
        self.confusions: list[Any] = []
        self.progress = train_epochs(
            loop, self.fit, state=state, save=self.save, report=self.report
        )

    def save(self, state: dict[str, Any], confusion: Any) -> None:
        # A copy: the next step changes the tensors.
        self.states.append(deepcopy(state))
        self.confusions.append(confusion)
        self.events.append(("save", state["epoch"]))

    def report(self, figures: dict[str, Any]) -> None:
        self.reported.append(figures)
        self.events.append(("report", figures["epoch"]))

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        return self.fit.mean.state_dict()


@pytest.fixture(scope="module")
def trained(corpora: dict[str, str]) -> dict[str, Training]:
    """Return a training of each model kind."""
    return {kind: Training(loop_of(corpora[kind], RECIPES[kind])) for kind in KINDS}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def learned(figures: dict[str, Any]) -> dict[str, Any]:
    """Return the figures that don't depend on the machine."""
    return {name: value for name, value in figures.items() if name not in MEASURED_FIELDS}


@pytest.mark.parametrize("kind", KINDS)
def test_every_epoch_is_saved_and_then_reported(trained: dict[str, Training], kind: str) -> None:
    run = trained[kind]
    assert run.events == [(what, epoch) for epoch in (1, 2, 3) for what in ("save", "report")]
    assert [state["figures"] for state in run.states] == run.reported
    rows = 12 if kind == "grouper" else 30
    for figures in run.reported:
        assert figures.keys() == FIGURES[kind] | {
            "epoch", "loss", "learning_rate", "drawings", "all_drawings", "workers", "seconds",
            "reading_seconds", "memory_mb", "score", "selection_loss",
            *(["part_f1"] if kind == "segmenter" else []),
        }  # fmt: skip
        assert (figures["drawings"], figures["all_drawings"], figures["workers"]) == (rows, rows, 1)
        assert figures["seconds"] >= figures["reading_seconds"] > 0
    assert [confusion is not None for confusion in run.confusions] == [kind == "segmenter"] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_loss_falls_and_labels_get_better_than_chance(
    trained: dict[str, Training], kind: str
) -> None:
    losses = [figures["loss"] for figures in trained[kind].reported]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.85 * losses[0]
    assert trained[kind].progress.best > 30


@pytest.mark.parametrize("kind", KINDS)
def test_selection_loss_is_the_running_mean_s(trained: dict[str, Training], kind: str) -> None:
    run = trained[kind]
    selected = [figures["selection_loss"] for figures in run.reported]
    assert all(0 < loss < 10 for loss in selected)
    assert len(set(selected)) == 3
    net = run.fit.net
    subsets = sampling.assign_rows(run.loop.select, 0, 1, range(len(run.loop.select)))
    tables = (run.loop.read_rows(subset, "select") for subset in subsets)
    (buffer,) = dataloader.iter_buffers(tables, DOODLE7, run.loop.recipe.labels)
    again = run.fit.selection_loss(buffer)
    assert again.total / again.drawings == pytest.approx(selected[-1], rel=1e-4)
    assert run.fit.net is net


@pytest.mark.parametrize("kind", KINDS)
def test_best_epoch_is_the_first_of_the_highest_score(
    trained: dict[str, Training], kind: str
) -> None:
    run = trained[kind]
    scores = [figures["score"] for figures in run.reported]
    chosen_by = {"segmenter": "macro_f1", "refiner": "grouping", "grouper": "pq"}[kind]
    assert scores == [figures[chosen_by] for figures in run.reported]
    assert (run.progress.best, run.progress.best_epoch) == (
        max(scores),
        scores.index(max(scores)) + 1,
    )


def test_of_equal_scores_the_earliest_epoch_is_the_best() -> None:
    progress = Progress()
    for epoch, score in enumerate((1.0, 5.0, 5.0, 2.0), start=1):
        progress.add({"epoch": epoch, "score": score})
    assert (progress.epoch, progress.best, progress.best_epoch) == (4, 5.0, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_selection_counts_every_drawing_once(
    trained: dict[str, Training], corpora: dict[str, str], kind: str
) -> None:
    """Compare with all rows of the selection split in one batch, measured by the last weights."""
    table = pa.concat_tables(pq.read_table(f) for f in parquet.list_row_files(corpora[kind]))
    valid = table.filter([split == "valid" for split in table["split"].to_pylist()])
    valid = valid.filter(valid["object" if kind == "grouper" else "part"].is_valid())
    batch = (pack_scenes if kind == "grouper" else pack)(valid, DOODLE7)
    assert len(batch) == (24 if kind == "grouper" else 60)
    figures = trained[kind].fit.measure([batch]).figures()
    for name in FIGURES[kind]:
        assert trained[kind].reported[-1][name] == figures[name] is not None


@pytest.mark.parametrize("kind", KINDS)
def test_continued_training_reaches_the_weights_of_an_uninterrupted_one(
    trained: dict[str, Training], kind: str
) -> None:
    whole = trained[kind]
    state = whole.states[0] | {"unreported": [whole.reported[0]]}
    rest = Training(whole.loop, state)
    assert rest.events == [("report", 1), ("save", 2), ("report", 2), ("save", 3), ("report", 3)]
    assert equal(rest.weights, whole.weights)
    assert list(map(learned, rest.reported)) == list(map(learned, whole.reported))
    assert rest.progress.best_epoch == whole.progress.best_epoch
    assert [f["epoch"] for f in rest.states[-1]["course"]] == [1, 2, 3]


def test_finished_training_only_reports_what_was_not_reported(
    trained: dict[str, Training],
) -> None:
    whole = trained["segmenter"]
    again = Training(whole.loop, whole.states[-1] | {"unreported": whole.reported[1:]})
    assert again.events == [("report", 2), ("report", 3)]
    assert equal(again.weights, whole.weights)


def test_seed_decides_the_weights(trained: dict[str, Training], corpora: dict[str, str]) -> None:
    recipe = replace(RECIPES["refiner"], seed=1)
    other = Training(loop_of(corpora["refiner"], recipe))
    assert not equal(other.weights, trained["refiner"].weights)


def test_without_a_selection_split_the_last_epoch_is_the_best(corpora: dict[str, str]) -> None:
    run = Training(loop_of(corpora["refiner"], RECIPES["refiner"], "none"))
    assert run.progress.best_epoch == 3
    assert not any(FIGURES["refiner"] & figures.keys() for figures in run.reported)
    assert run.reported[0]["drawings"] == 30


def test_steps_are_counted_within_each_epoch(corpora: dict[str, str]) -> None:
    loop = loop_of(corpora["refiner"], replace(RECIPES["refiner"], epochs=2), "none")
    steps: list[tuple[int, int, int]] = []
    train_epochs(loop, prepare_fit(loop, CPU), on_step=lambda *step: steps.append(step))
    # Two steps of 16 hold the 30 drawings.
    assert steps == [(epoch, done, 2) for epoch in (0, 1) for done in (0, 1, 2)]


@pytest.mark.parametrize("kind", KINDS)
def test_weights_initialise_a_training(
    trained: dict[str, Training], corpora: dict[str, str], tmp_path: Path, kind: str
) -> None:
    first = trained[kind]
    stored = {"taxonomy": DOODLE7.to_dict(), "model": asdict(first.loop.recipe)["model"]}
    weights.save(str(tmp_path / kind), first.weights, stored)
    still = replace(
        RECIPES[kind], learning_rate=0.0, weight_decay=0.0, average=0.0, epochs=1, seed=9
    )
    loop = loop_of(corpora[kind], still, "none", weights=(str(tmp_path),))
    after = Training(loop).weights
    # Batch norms see drawings even where nothing is learned.
    kept = {name for name in after if "running" not in name and "num_batches" not in name}
    assert len(kept) > 10
    assert all(torch.equal(after[name], first.weights[name]) for name in kept)


def test_diverging_training_ends_before_its_epoch_is_saved(corpora: dict[str, str]) -> None:
    loop = loop_of(corpora["refiner"], replace(RECIPES["refiner"], learning_rate=1e36))
    saved: list[Any] = []
    with pytest.raises(UserError, match="NaN or infinite in epoch 1; lower learning_rate"):
        train_epochs(loop, prepare_fit(loop, CPU), save=lambda *state: saved.append(state))
    assert not saved


def test_training_does_not_import_ray(
    corpora: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError):
        import ray  # noqa: F401
    loop = loop_of(corpora["refiner"], replace(RECIPES["refiner"], epochs=1))
    assert Training(loop).progress.epoch == 1


@pytest.mark.parametrize("kind", KINDS)
def test_training_continues_in_the_middle_of_an_epoch_with_the_same_weights(
    trained: dict[str, Training],
    corpora: dict[str, str],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ranks, "STEPS_BETWEEN_LOOKS", 1)
    loop, saved = loop_of(corpora[kind], RECIPES[kind]), []
    fit = prepare_fit(loop, CPU)

    def save_within(state: dict[str, Any]) -> None:
        # As it is read from a file.
        stream = io.BytesIO()
        torch.save(state, stream)
        stream.seek(0)
        saved.append(torch.load(stream, weights_only=True))

    train_epochs(loop, fit, save_within=save_within, seconds_between=0.0)
    whole = trained[kind]
    assert equal(fit.mean.state_dict(), whole.weights)
    steps = loop.shares(1).steps
    assert [(s["epoch"], s["within"]["steps"]) for s in saved] == [
        (epoch, step) for epoch in range(3) for step in range(1, steps)
    ]
    for state in (saved[0], saved[-1]):
        again = Training(loop, state)
        assert equal(again.weights, whole.weights)
        reported = whole.reported[state["epoch"] :]
        assert [learned(f) for f in again.reported] == [learned(f) for f in reported]


def test_checkpoints_wait_for_their_time(corpora: dict[str, str]) -> None:
    loop, saved = loop_of(corpora["refiner"], RECIPES["refiner"]), []
    train_epochs(loop, prepare_fit(loop, CPU), save_within=saved.append, seconds_between=600.0)
    assert not saved
