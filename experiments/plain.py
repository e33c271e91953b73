"""Training in a plain process, without Ray: pools of drawings, epochs, weights with their card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from instancesketch.core import parquet
from instancesketch.core.errors import UserError
from instancesketch.core.hashing import derive_seed
from instancesketch.core.schema import SCHEMA
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models import weights
from instancesketch.models.packing import Batch, join
from instancesketch.models.precision import AUTO, resolve
from instancesketch.training.config import FitConfig
from instancesketch.training.dataloader import bucket
from instancesketch.training.trainer import Fit, create_fit

# For recipes: on processors that are not made for it, bfloat16 is many times slower than float32.
BFLOAT16 = resolve(AUTO, "cpu") == "bfloat16"

_LICENCES = "drawings: Quick, Draw! CC BY 4.0; semantic-parts, CBSC, SPG (SketchGNN) MIT"


class Pool(NamedTuple):
    """Drawings, and how many of them an epoch has."""

    batch: Batch
    number: int


def read(corpus: str) -> pa.Table:
    """All rows of a corpus."""
    columns = SCHEMA.names
    return pa.concat_tables(
        [pq.read_table(f, columns=columns) for f in parquet.list_row_files(corpus)]
    )


def epoch(pools: Sequence[Pool], size: int, generator: torch.Generator) -> Iterator[Batch]:
    """Batches of as many drawings of each pool as it says, in random order, like sizes together.

    What doesn't fill a batch is left out, unless it is all there is.
    """
    drawn = []
    for batch, number in pools:
        again, rest = divmod(number, len(batch))
        order = torch.randperm(len(batch), generator=generator)[:rest]
        drawn.append(batch.select(torch.cat([torch.arange(len(batch)).repeat(again), order])))
    everything = join(drawn)
    order = torch.randperm(len(everything), generator=generator)
    order = order[: steps(len(order), size) * size]
    for index in bucket(everything, order, size, generator):
        yield everything.select(index)


def steps(number: int, size: int) -> int:
    """How many batches of a size so many drawings make: one at least."""
    return max(1, number // size)


def train(
    config: FitConfig, taxonomy: Taxonomy, pools: Sequence[Pool], begin: Path | None, out: Path
) -> Path:
    """Trains a model to its last epoch, from weights or from chance, unless that is done.

    Raises:
        UserError: a pool that an epoch is to have drawings of has none.
    """
    folder = out / config.model_kind
    if (folder / "config.json").exists():
        return out
    pools = [p for p in pools if p.number]
    if not pools or not all(len(p.batch) for p in pools):
        raise UserError(f"{out.name}: no drawings to train a {config.model_kind} on")
    parts = torch.cat([p.batch.part_S for p in pools])
    fit: Fit = create_fit(
        config,
        taxonomy,
        steps_per_epoch=steps(sum(p.number for p in pools), config.batch_size),
        part_counts=torch.bincount(parts[parts >= 0], minlength=len(taxonomy.part_names)).tolist(),
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
    )
    if begin is not None:
        loaded = weights.load([str(begin)], config.model_kind)
        fit.initialize_from(weights.adapt(loaded, taxonomy, fit.net.state_dict()))
    for number in range(config.epochs):
        generator = torch.Generator().manual_seed(derive_seed(config.seed, number))
        told = fit.train_epoch(epoch(pools, config.batch_size, generator), number)
        where = f"{out.parent.name}/{out.name} {config.model_kind}"
        print(f"{where} {number + 1}/{config.epochs} loss {told['loss']:.4f}", flush=True)
    counts = {
        "different": sum(len(p.batch) for p in pools),
        "an epoch": sum(p.number for p in pools),
    }
    weights.save(str(folder), fit.mean.state_dict(), card(config, taxonomy, counts))
    return out


def card(config: FitConfig, taxonomy: Taxonomy, drawings: Mapping[str, int]) -> dict[str, Any]:
    """What stands beside weights: the resolved configuration, the data and their licences."""
    recipe = asdict(config)
    return {
        "kind": config.model_kind,
        "model": recipe["model"],
        "taxonomy": taxonomy.to_dict(),
        "recipe": recipe,
        "drawings": dict(drawings),
        "licences": _LICENCES,
    }
