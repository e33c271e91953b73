"""Training in one process, without Ray: pools of drawings, epochs, weights with their config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.hashing import derive_seed
from instancesketch.core.schema import SCHEMA, cast_to_schema
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.segmenter import Segmenter, predict
from instancesketch.models import weights
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import Batch, join, pack
from instancesketch.models.precision import AUTO, resolve_precision
from instancesketch.tracking import checkpoints
from instancesketch.training.config import FitConfig
from instancesketch.training.dataloader import bucket
from instancesketch.training.trainer import Fit, create_fit

# On processors without instructions for it, bfloat16 is many times slower than float32.
BFLOAT16 = resolve_precision(AUTO, "cpu") == "bfloat16"

_LICENCES = "drawings: Quick, Draw! CC BY 4.0; semantic-parts, CBSC, SPG (SketchGNN) MIT"


class Pool(NamedTuple):
    """Drawings, and the number of draws from them in an epoch."""

    batch: Batch
    number: int


def read_corpus(corpus: str) -> pa.Table:
    """Return all rows of a corpus."""
    files = (pq.ParquetFile(file).read() for file in parquet.list_row_files(corpus))
    return pa.concat_tables([cast_to_schema(table, SCHEMA.names) for table in files])


def own_name(sketch_id: str) -> str:
    """Return the name of a drawing's own file: what folds and sources go by."""
    # An id is the path below whatever folder was ingested, and earlier corpora have names alone.
    return sketch_id.rpartition("/")[2]


def own_names(table: pa.Table) -> list[str]:
    """Return the name of each drawing's own file."""
    return [own_name(sketch_id) for sketch_id in table["sketch_id"].to_pylist()]


def pseudo_label(teacher: Path, table: pa.Table, taxonomy: Taxonomy, sure: float) -> Batch:
    """Return drawings with the labels that a teacher is certain of; without instances.

    Args:
        teacher: folder of its weights.
        table: drawings of categories of the taxonomy.
        taxonomy: of the teacher.
        sure: the least probability of a label that is kept.
    """
    batch = pack(table, taxonomy)
    net = Segmenter.load(str(teacher)).net
    parts_SQ, _, _ = predict(net, StrokeFeatures.of(batch), batch.category_N)
    sure_S, part_S = parts_SQ.max(1)
    return replace(
        batch,
        part_S=torch.where(sure_S >= sure, part_S, -1),
        instance_S=torch.full_like(part_S, -1),
    )


def keep_countable(pools: Sequence[Pool], taxonomy: Taxonomy) -> list[Pool]:
    """Drop drawings of categories without countable parts, which a refiner can't learn from."""
    countable = torch.tensor([bool(c.countable) for c in taxonomy.categories.values()])
    kept = [(p, p.batch.select(countable[p.batch.category_N].nonzero()[:, 0])) for p in pools]
    return [Pool(b, round(p.number * len(b) / len(p.batch))) for p, b in kept if len(b)]


def iter_batches(pools: Sequence[Pool], size: int, generator: torch.Generator) -> Iterator[Batch]:
    """Yield the batches of an epoch: each pool's number of drawings, shuffled and bucketed.

    A last batch that isn't full is dropped, unless it is the only one.
    """
    drawn = []
    for batch, number in pools:
        # A pool smaller than its number is repeated as a whole, then filled up at random.
        repeats, rest = divmod(number, len(batch))
        order = torch.randperm(len(batch), generator=generator)[:rest]
        drawn.append(batch.select(torch.cat([torch.arange(len(batch)).repeat(repeats), order])))
    everything = join(drawn)
    order = torch.randperm(len(everything), generator=generator)
    order = order[: count_batches(len(order), size) * size]
    for index in bucket(everything, order, size, generator):
        yield everything.select(index)


def count_batches(number: int, size: int) -> int:
    """Return the number of full batches that a number of drawings makes, at least 1."""
    return max(1, number // size)


def train(
    config: FitConfig, taxonomy: Taxonomy, pools: Sequence[Pool], initial: Path | None, out: Path
) -> Path:
    """Train a model to its last epoch and save it below `out`, unless that is done.

    A training that was stopped continues after its last whole epoch.

    Args:
        config: model and recipe.
        taxonomy: of the labels.
        pools: training data.
        initial: weights to start from; None initialises at random.
        out: folder of the weights, which is returned.

    Raises:
        UserError: there are no pools, or one has no drawings.
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
        steps_per_epoch=count_batches(sum(p.number for p in pools), config.batch_size),
        part_counts=torch.bincount(parts[parts >= 0], minlength=len(taxonomy.part_names)).tolist(),
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
    )
    found = checkpoints.newest(str(folder)).state
    if found is not None:
        fit.load_state_dict(found)
    elif initial is not None:
        loaded = weights.load([str(initial)], config.model_kind)
        fit.initialize_from(weights.adapt(loaded, taxonomy, fit.net.state_dict()))
    for number in range(0 if found is None else found["epoch"], config.epochs):
        # A generator per epoch: an epoch's data depends on seed and number alone.
        generator = torch.Generator().manual_seed(derive_seed(config.seed, number))
        figures = fit.train_epoch(iter_batches(pools, config.batch_size, generator), number)
        name = f"{out.parent.name}/{out.name} {config.model_kind}"
        print(f"{name} {number + 1}/{config.epochs} loss {figures['loss']:.4f}", flush=True)
        done = {"epoch": number + 1, "best_epoch": number + 1, "score": float(number)}
        checkpoints.save(str(folder), fit.state_dict() | done)
    counts = {
        "different": sum(len(p.batch) for p in pools),
        "an epoch": sum(p.number for p in pools),
    }
    weights.save(str(folder), fit.mean.state_dict(), describe_weights(config, taxonomy, counts))
    storage.remove(storage.join(str(folder), checkpoints.FOLDER))
    return out


def average(sources: Sequence[Path], model_kind: str, out: Path) -> Path:
    """Average the weights of models that were trained from the same ones, unless that is done.

    Such models lie in one basin, where their mean is as right as their ensemble (Wortsman et al.
    2022, model soups).

    Args:
        sources: folders of weights with the same config.
        model_kind: of the models.
        out: folder of the mean, which is returned; its config is that of the first.
    """
    folder = out / model_kind
    if not (folder / "config.json").exists():
        loaded = [weights.load([str(source)], model_kind) for source in sources]
        tensors = {
            # Integers, such as the step counts of batch norms, have no mean.
            name: torch.stack([each.tensors[name] for each in loaded]).mean(0)
            if value.is_floating_point()
            else value
            for name, value in loaded[0].tensors.items()
        }
        config = loaded[0].config | {"averaged": len(loaded)}
        weights.save(str(folder), tensors, config)
    return out


def describe_weights(
    config: FitConfig, taxonomy: Taxonomy, drawings: Mapping[str, int]
) -> dict[str, Any]:
    """Return the config that is saved beside weights: recipe, data and licences."""
    recipe = asdict(config)
    return {
        "kind": config.model_kind,
        "model": recipe["model"],
        "taxonomy": taxonomy.to_dict(),
        "recipe": recipe,
        "drawings": dict(drawings),
        "licences": _LICENCES,
    }
