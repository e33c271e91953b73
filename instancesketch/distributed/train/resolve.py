"""The resolved config of a training run, and the row groups to train and select on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from instancesketch.core import parquet, row_counts, storage
from instancesketch.core.errors import UserError
from instancesketch.core.model_kinds import MODEL_KINDS
from instancesketch.core.progress import doing
from instancesketch.core.run_folder import made_with
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.train.config import TrainConfig, least_most
from instancesketch.models import weight_names, weights
from instancesketch.models.weights import ModelInfo
from instancesketch.training import sampling
from instancesketch.training.config import Role, Selection
from instancesketch.training.roles import RowGroup, count_roles, count_splits

# Up to this many row groups, or files, are read here, before processes for it would have started.
FEW_GROUPS = 64
FEW_FILES = 16


def resolve(
    config: TrainConfig, counts: pa.Table | None = None
) -> tuple[dict[str, Any], list[RowGroup], list[RowGroup]]:
    """Return the resolved config of a run, and the row groups to train and to select on.

    Args:
        config: of the run.
        counts: of the rows of the corpora; None: count them.

    Raises:
        UserError: the corpora, or the weights to initialise from, don't fit.
    """
    if counts is None:
        counts = _count_rows(config)
    selection = _selection(config, counts)

    def count(role: Role, taxonomy: Taxonomy) -> list[RowGroup]:
        found = count_roles(counts, role, selection, taxonomy, config.recipe.labels)
        # Row groups without rows of the role need not be read in any epoch.
        return [group for group in found if _rows([group])]

    initial = _inspect_weights(config) if config.weights else None
    candidates = [(t, count("train", t)) for t in _taxonomies(config, initial)]
    # Of equal ones the first, as Python's `max` returns it: the result is always the same.
    taxonomy, train = max(candidates, key=lambda candidate: _fit(*candidate))
    select = count("select", taxonomy)
    if len(select) <= FEW_GROUPS:
        # Every epoch needs all of them, so damage to them is found before the first.
        for group in select:
            parquet.read_row_group(group.path, group.number, sampling.COLUMNS)
    _check_rows(config, taxonomy, selection, train, select)
    settings = {
        "kind": config.recipe.model_kind,
        "data": [storage.absolute(d) for d in config.data],
        "taxonomy": taxonomy.to_dict(),
        "recipe": asdict(config.recipe),
        "selection": selection,
        "workers": config.workers,
        "gpus_per_worker": config.gpus_per_worker,
        "weights": [weight_names.absolute(w) for w in config.weights],
        "drawings": {"train": _rows(train), "select": _rows(select)},
    }
    # As JSON has it, so that it equals what is read back.
    return json.loads(json.dumps(settings)), train, select


def _check_rows(
    config: TrainConfig,
    taxonomy: Taxonomy,
    selection: Selection,
    train: Sequence[RowGroup],
    select: Sequence[RowGroup],
) -> None:
    """Raise a UserError if the rows don't do to train and to select on."""
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
    # A worker without rows would have no steps, and the others would wait for it.
    if _rows(train) < (most := least_most(config)[1]):
        raise UserError(f"{most} workers for {_rows(train)} labelled drawings; lower --workers")
    if MODEL_KINDS[config.recipe.model_kind].needs_instances and not any(
        g.instances for g in train
    ):
        raise UserError(
            f"no drawing to train on in {', '.join(config.data)} says which instance a stroke draws"
        )
    if unknown := sorted({label for g in (*train, *select) for label in g.unknown_labels}):
        raise UserError(f"{taxonomy.name} doesn't know the label {unknown[0]}; give --taxonomy")
    if selection != "none" and not _rows(select):
        raise UserError(
            f"no drawing to select the best epoch on by {selection!r}; --select tenth or none"
        )


def _count_rows(config: TrainConfig) -> pa.Table:
    """Return counts of the rows of the corpora; what isn't known of them yet is kept."""
    doing("counting drawings")
    # Absolute, because workers have other working folders than the driver.
    return row_counts.load(
        [storage.absolute(corpus) for corpus in config.data],
        _survey,
        storage.absolute(storage.join(config.storage, "_counts")),
    )


def _survey(files: Sequence[str]) -> Iterable[pa.Table]:
    """Count the rows of files, many of them all over the cluster if one was joined."""
    # Where nothing imported Ray, no cluster was joined: training in one process needs none.
    ray = sys.modules.get("ray")
    if len(files) <= FEW_FILES or ray is None or not ray.is_initialized():
        return row_counts.survey_files(files)
    # Anywhere in the cluster, because by default a trial's tasks share the CPUs of the trial.
    survey = ray.remote(row_counts.survey_file).options(scheduling_strategy="DEFAULT", num_cpus=0.5)
    tables: list[pa.Table] = ray.get([survey.remote(file) for file in files])
    return tables


def _taxonomies(config: TrainConfig, initial: ModelInfo | None) -> list[Taxonomy]:
    """Return the taxonomies to choose from by the number of rows that they know."""
    if isinstance(config.taxonomy, Taxonomy):
        return [config.taxonomy]
    if config.taxonomy is not None:
        return [Taxonomy.load(config.taxonomy)]
    if initial is not None:
        return [initial.taxonomy]
    if own := made_with(config.data):
        return own
    # Scenes fit every taxonomy, so their number can't choose one.
    scenes = config.recipe.labels == "objects"
    return [Taxonomy.load(name) for name in (["doodle7"] if scenes else Taxonomy.shipped())]


def _fit(taxonomy: Taxonomy, train: Sequence[RowGroup]) -> tuple[int, bool, int]:
    """Return how well a taxonomy fits the row groups that it would train on, to compare.

    First by the rows of its categories that have parts, since any word is `other`; then by whether
    it knows their labels; then the one of fewest categories.
    """
    has_parts = [bool(c.parts) for c in taxonomy.categories.values()]
    rows = sum(
        # Scenes have no rows by category.
        sum(n for n, known in zip(g.categories, has_parts, strict=True) if known)
        if g.categories
        else g.rows
        for g in train
    )
    return rows, not any(g.unknown_labels for g in train), -len(has_parts)


def _inspect_weights(config: TrainConfig) -> ModelInfo:
    """Return the kind, shape and taxonomy of the weights to initialise from.

    Raises:
        UserError: a network of the recipe and the taxonomy can't be initialised from them.
    """
    kind = config.recipe.model_kind
    info = weights.inspect(config.weights, kind)
    if info.network != config.recipe.model:
        raise UserError(f"the {kind} of {config.weights[-1]} has another shape than the recipe")
    # Its rows of other parts and categories are replaced when the weights are loaded.
    if MODEL_KINDS[kind].adaptable:
        return info
    (taxonomy,), theirs = _taxonomies(config, info), info.taxonomy
    if (theirs.part_names, theirs.category_names) != (taxonomy.part_names, taxonomy.category_names):
        raise UserError(
            f"the weights of {config.weights[-1]} are for {theirs.name}, not for {taxonomy.name}"
        )
    return info


def inspect_starting_weights(sources: Sequence[str], kind: str) -> tuple[Any, Taxonomy]:
    """Return the network's config and the taxonomy of weights to initialise from."""
    info = weights.inspect(sources, kind)
    return info.network, info.taxonomy


def _selection(config: TrainConfig, counts: pa.Table) -> Selection:
    """Return the selection split; `auto` leaves `valid` for reporting if there is no `test`."""
    if config.selection != "auto":
        return config.selection
    return "valid" if {"valid", "test"} <= count_splits(counts).keys() else "tenth"


def _rows(groups: Sequence[RowGroup]) -> int:
    return sum(g.rows for g in groups)
