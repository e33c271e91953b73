"""Trains a model on a Ray cluster: `fit` in every worker, Ray Data to feed it.

A run is a folder: `config.json` (its resolved settings), `metrics.jsonl`, `curves.svg`,
`summary.json` and a folder with the model's name, such as `segmenter/`, once finished; checkpoints
lie under `_checkpoints`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from instancesketch import joblog, rows, storage, tracking, weights
from instancesketch.cluster import connect, quiet_data
from instancesketch.errors import UserError
from instancesketch.fit import FitConfig, RefinerFitConfig
from instancesketch.rows import Group, Role, Selection
from instancesketch.taxonomy import Taxonomy
from instancesketch.worker import load_state, work

if TYPE_CHECKING:
    from ray.train import UserCallback

# A worker that was lost is replaced, and the epoch begun again, so often before the run gives up.
MOST_FAILURES = 5


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What to train on, how, and where the run is kept."""

    data: tuple[str, ...]
    run: str
    recipe: FitConfig
    storage: str = "runs"
    taxonomy: str | Taxonomy | None = None  # None: of those that ship, that knowing most rows
    weights: tuple[str, ...] = ()  # to start from
    selection: Selection | Literal["auto"] = "auto"
    workers: int = 1
    gpus_per_worker: float = 0.0
    quiet: bool = False
    runs_at_once: int = 1  # on a machine, as in a sweep: they share its cores


def train(config: TrainConfig, callbacks: Sequence[UserCallback] = ()) -> dict[str, Any]:
    """Trains the model that the recipe is for, or continues the run; returns its summary.

    It can be called in a task or an actor of a running Ray, such as a trial of Ray Tune.

    Args:
        config: what to train on, how, and where the run is kept.
        callbacks: told of every report and failure, in the process that controls the workers.

    Raises:
        UserError: the cluster, the corpus or an earlier run of the name doesn't fit.
    """
    from ray.train import CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    run = storage.absolute(storage.join(config.storage, config.run))
    check(config)
    connect(workers=config.workers, cpus=1.0, gpus=config.gpus_per_worker)
    # One CPU more than the workers take: with none left the readers would wait for ever.
    connect(workers=config.workers + 1, cpus=1.0)
    quiet_data()
    settings, train, select = resolve(config)
    summary = begin(run, settings)
    if summary is not None:
        return summary | {"finished_before": True}
    started = time.perf_counter()
    trainer = TorchTrainer(
        work,
        train_loop_config={
            "settings": settings,
            "recipe": config.recipe,
            "run": run,
            "train": train,
            "select": select,
            "runs_at_once": config.runs_at_once,
        },
        scaling_config=ScalingConfig(
            num_workers=config.workers,
            use_gpu=config.gpus_per_worker > 0,
            resources_per_worker={"CPU": 1}
            | ({"GPU": config.gpus_per_worker} if config.gpus_per_worker else {}),
        ),
        run_config=RunConfig(
            name="_checkpoints",
            storage_path=run,
            checkpoint_config=CheckpointConfig(
                num_to_keep=2, checkpoint_score_attribute="score", checkpoint_score_order="max"
            ),
            failure_config=FailureConfig(max_failures=MOST_FAILURES),
            callbacks=[_reporter(run), *callbacks],
        ),
    )
    with joblog.keeping(run, f"train {config.recipe.kind}", settings):
        with tracking.following(run, config.run, config.quiet):
            result = trainer.fit()
        if result.error is not None:
            raise result.error
        return _finish(run, settings, result, time.perf_counter() - started)


def check_name(run: str) -> None:
    """Raises a UserError where a run can't be called so."""
    if not run or "/" in run:
        raise UserError(f"--run {run!r}: a run needs a plain name, without a slash")


def check(config: TrainConfig) -> None:
    """Raises a UserError where no cluster and no corpus could make the run."""
    check_name(config.run)
    if config.workers < 1:
        raise UserError(f"--workers {config.workers}: a run needs at least one worker")
    if config.recipe.batch_size % config.workers:
        raise UserError(
            f"batches of {config.recipe.batch_size} drawings can't be shared evenly by "
            f"{config.workers} workers; change --batch-size or --workers"
        )


def resolve(config: TrainConfig) -> tuple[dict[str, Any], list[Group], list[Group]]:
    """The resolved settings of a run, and what its corpora hold to train and to select on.

    Raises:
        UserError: the corpora, or the weights to start from, don't fit.
    """
    import ray

    groups = rows.row_groups(config.data)
    selection = _selection(config)
    # Anywhere in the cluster: what a trial of Ray Tune starts would else share the trial's CPUs.
    survey = ray.remote(rows.survey).options(scheduling_strategy="DEFAULT", num_cpus=0.5)

    def surveys(role: Role, taxonomy: Taxonomy) -> list[Group]:
        labels = config.recipe.labels
        found = ray.get([survey.remote(g, role, selection, taxonomy, labels) for g in groups])
        return [group for group in found if _rows([group])]

    if config.weights:
        _check_weights(config)
    candidates = [(t, surveys("train", t)) for t in _taxonomies(config)]
    taxonomy, train = max(candidates, key=lambda c: _rows(c[1]))
    select = surveys("select", taxonomy)
    if not _rows(train):
        if config.recipe.labels == "objects":
            raise UserError(
                f"no scene to train on in {', '.join(config.data)}: none has objects and the split "
                "`train`"
            )
        raise UserError(
            f"no labelled drawing to train on in {', '.join(config.data)}: none has parts, the "
            f"split `train` and a category of {taxonomy.name}; another --taxonomy may know them"
        )
    if _rows(train) < config.workers:
        raise UserError(
            f"{config.workers} workers for {_rows(train)} labelled drawings; lower --workers"
        )
    if isinstance(config.recipe, RefinerFitConfig) and not any(g.instances for g in train):
        raise UserError(
            f"no drawing to train on in {', '.join(config.data)} says which instance a stroke draws"
        )
    if strange := sorted({label for g in (*train, *select) for label in g.strange}):
        raise UserError(f"{taxonomy.name} doesn't know the label {strange[0]}; give --taxonomy")
    if selection != "none" and not _rows(select):
        raise UserError(
            f"no drawing to select the best epoch on by {selection!r}; --select tenth or none"
        )
    settings = {
        "kind": config.recipe.kind,
        "data": [storage.absolute(d) for d in config.data],
        "taxonomy": taxonomy.to_dict(),
        "recipe": asdict(config.recipe),
        "selection": selection,
        "workers": config.workers,
        "gpus_per_worker": config.gpus_per_worker,
        "weights": [weights.anywhere(w) for w in config.weights],
        "drawings": {"train": _rows(train), "select": _rows(select)},
    }
    # As it will be read back, so that the two can be compared.
    return json.loads(json.dumps(settings)), train, select


def _taxonomies(config: TrainConfig) -> list[Taxonomy]:
    if isinstance(config.taxonomy, Taxonomy):
        return [config.taxonomy]
    if config.taxonomy is not None:
        return [Taxonomy.load(config.taxonomy)]
    if config.weights:
        return [_starting_weights(config)[1]]
    # Any scene can be trained on with any taxonomy: that of everyday things counts.
    scenes = config.recipe.labels == "objects"
    return [Taxonomy.load(name) for name in (["doodle7"] if scenes else Taxonomy.shipped())]


def _check_weights(config: TrainConfig) -> None:
    """Refuses weights that a network of the recipe and the taxonomy can't begin with."""
    shape, theirs = _starting_weights(config)
    kind = config.recipe.kind
    if shape != config.recipe.model:
        raise UserError(f"the {kind} of {config.weights[-1]} has another shape than the recipe")
    (taxonomy,) = _taxonomies(config)
    if (theirs.part_names, theirs.category_names) != (taxonomy.part_names, taxonomy.category_names):
        raise UserError(
            f"the weights of {config.weights[-1]} are for {theirs.name}, not for {taxonomy.name}"
        )


def _starting_weights(config: TrainConfig) -> tuple[Any, Taxonomy]:
    """The shape and the taxonomy of the weights to begin with."""
    kind = config.recipe.kind
    loaded = weights.load(config.weights, kind)
    net, taxonomy = weights.build(loaded, kind, config.weights[-1])
    return net.config, taxonomy


def _selection(config: TrainConfig) -> Selection:
    """`auto` keeps `valid` for reporting where there is no `test` to report on."""
    if config.selection != "auto":
        return config.selection
    splits = {
        s
        for d in config.data
        for t in storage.read_batches(d, ["split"])
        for s in t["split"].unique().to_pylist()
    }
    return "valid" if {"valid", "test"} <= splits else "tenth"


def _rows(groups: Sequence[Group]) -> int:
    return sum(g.rows for g in groups)


def begin(run: str, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Writes the run's settings, or checks that they are the same; a finished run's summary."""
    before = storage.read_json(storage.join(run, "config.json"))
    if before is None:
        storage.write_json(storage.join(run, "config.json"), settings)
        return None
    for name in settings:
        if before.get(name) != settings[name]:
            raise UserError(
                f"{run} is a run with other settings ({_difference(name, before, settings)}); "
                "give the same ones to continue it, or another --run"
            )
    summary: dict[str, Any] | None = storage.read_json(storage.join(run, "summary.json"))
    return summary


def _difference(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    old, new = before.get(name), now[name]
    if isinstance(old, dict) and isinstance(new, dict):
        inner = next(key for key in {**old, **new} if old.get(key) != new.get(key))
        return _difference(inner, old, {inner: None} | new) if name != "taxonomy" else name
    return f"{name} was {old}, is {new}"


def _reporter(run: str) -> Any:
    from ray.train import UserCallback

    class Reporter(UserCallback):  # type: ignore[misc]
        """Keeps the run's log, in the controller: once per report, whatever the workers do."""

        def after_report(self, run_context: Any, metrics: Any, checkpoint: Any) -> None:
            tracking.RunLog(run).log(metrics[0])

    return Reporter()


def _finish(run: str, settings: Mapping[str, Any], result: Any, seconds: float) -> dict[str, Any]:
    """Writes the best epoch's weights and the run's summary."""
    best = result.get_best_checkpoint("score", "max")
    state = load_state(best)
    figures = state["figures"]
    recipe = settings["recipe"]
    config = {
        "kind": settings["kind"],
        "model": recipe["model"],
        **{k: v for k, v in settings.items() if k != "recipe"},
        "recipe": recipe,
        "metrics": figures,
    }
    weights.save(storage.join(run, settings["kind"]), state["mean"], config)
    summary = {
        "run": run,
        "epochs": recipe["epochs"],
        "best_epoch": state["epoch"],
        "best": figures,
        "drawings": settings["drawings"],
        "seconds": seconds,
    }
    storage.write_json(storage.join(run, "summary.json"), summary)
    return summary
