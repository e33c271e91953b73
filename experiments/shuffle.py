"""Categories in a training's batches on a corpus that is sorted by category; needs no Ray.

  python -m experiments.shuffle

A corpus of Quick, Draw!'s layout is simulated: a file of 140,000 drawings for each of 345
categories, cut into shards and row groups as `ingest` does. Drawings have a number of strokes that
depends on their category, because batches are of drawings of like size. The rows of a worker, their
order and its batches are those of the package. Each line is of a window of so many row groups; 1
is without mixing.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.training.dataloader import MIXED, iter_shuffled_batches
from instancesketch.training.roles import RowGroup
from instancesketch.training.sampling import USES, RowSubset, assign_rows, shuffle_row_groups

CATEGORIES, DRAWINGS = 345, 140_000
SHARD = 35_000  # drawings of 16 MB of ndjson
ROW_GROUP, TRAIN = 5_000, 0.8
BATCH = 8
MOST_GROUPS = 200  # of a worker: enough for the beginning of an epoch, its course and its end


@dataclass(frozen=True, kw_only=True)
class Found:
    """The mean number of categories in the batches of one worker."""

    mean: float
    lowest: float  # of any thousand batches in a row


def expect(batch_size: int, categories: int = CATEGORIES) -> float:
    """Return the mean number of categories of a batch that is drawn from all drawings."""
    return float(categories * (1 - (1 - 1 / categories) ** batch_size))


def lay_out(categories: int = CATEGORIES, drawings: int = DRAWINGS) -> list[RowGroup]:
    """Return the row groups of a corpus with one file per category."""
    shards = [min(SHARD, drawings - at) for at in range(0, drawings, SHARD)]
    sizes = [min(ROW_GROUP, rows - at) for rows in shards for at in range(0, rows, ROW_GROUP)]
    return [
        RowGroup(
            path=str(category),
            number=number,
            rows=round(rows * TRAIN),
            categories=(),
            parts=(),
            instances=0,
            unknown_labels=(),
        )
        for category in range(categories)
        for number, rows in enumerate(sizes)
    ]


def read(subset: RowSubset, drawings: int, taxonomy: Taxonomy) -> pa.Table:
    """Return drawings of a row group, whose strokes are dots."""
    category = int(subset.path)
    random = np.random.default_rng((category, subset.row_group, subset.first))
    typical = np.random.default_rng((category,)).lognormal(1.4, 0.5)
    strokes = 1 + random.poisson(typical, drawings)
    dots = _lists(np.zeros(strokes.sum(), np.float32), strokes)
    ones = _lists(np.ones(strokes.sum(), np.int32), strokes)
    none = pa.nulls(drawings, pa.list_(pa.int32()))
    return pa.table(
        {
            "category": [taxonomy.category_names[category]] * drawings,
            "x": dots,
            "y": dots,
            "stroke_len": ones,
            "part": pa.ListArray.from_arrays(dots.offsets, pa.array(["ink"] * len(dots.values))),
            "instance": ones,
            "object": none,
            "object_category": none.cast(pa.list_(pa.string())),
            USES: np.ones(drawings, np.int64),
        }
    )


def _lists(values: npt.NDArray[np.generic], lengths: npt.NDArray[np.int64]) -> pa.ListArray:
    offsets = np.concatenate([[0], lengths.cumsum()]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))


def draw_batches(
    groups: Sequence[RowGroup],
    worker: int,
    workers: int,
    window: int,
    batch_size: int = BATCH,
    most_groups: int | None = None,
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the categories of the drawings of each batch of a worker, in the first epoch."""
    names = sorted({group.path for group in groups}, key=int)
    taxonomy = Taxonomy.from_dict(
        {"name": "sorted", "categories": {f"c{name}": {"parts": ["ink"]} for name in names}}
    )
    order = shuffle_row_groups(len(groups), 0, 0)
    subsets = assign_rows(groups, worker, workers, order, batch_size=batch_size * workers)
    batches = iter_shuffled_batches(
        (read(s, (s.end or 0) - s.first, taxonomy) for s in islice(subsets, most_groups)),
        taxonomy,
        batch_size=batch_size,
        generator=torch.Generator().manual_seed(worker),
        window=window,
    )
    for batch in batches:
        yield batch.category_N.numpy()


def count(batches: Iterator[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Return the number of categories of each batch; the last may have fewer drawings."""
    return np.array([len(np.unique(batch)) for batch in batches][:-1])


def measure(groups: Sequence[RowGroup], workers: int, window: int, most_groups: int) -> Found:
    """Measure the batches of the first worker."""
    counts = count(draw_batches(groups, 0, workers, window, most_groups=most_groups))
    blocks = [part.mean() for part in np.array_split(counts, max(1, len(counts) // 1000))]
    return Found(mean=float(counts.mean()), lowest=float(min(blocks)))


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[8, 64], metavar="N")
    parser.add_argument("--windows", type=int, nargs="+", default=[1, MIXED])
    parser.add_argument(
        "--groups", type=int, default=MOST_GROUPS, metavar="G", help="row groups a worker, at most"
    )
    args = parser.parse_args(argv)
    groups, ideal = lay_out(), expect(BATCH)
    print(
        f"{CATEGORIES} categories of {DRAWINGS:,} drawings, {len(groups):,} row groups; batches of "
        f"{BATCH} a worker, ideal {ideal:.2f} categories"
    )
    print(f"{'workers':>8}{'window':>8}{'mean':>8}{'of ideal':>10}{'lowest':>8}")
    for workers in args.workers:
        for window in args.windows:
            found = measure(groups, workers, window, args.groups)
            print(
                f"{workers:8}{window:8}{found.mean:8.2f}{100 * found.mean / ideal:9.1f}%"
                f"{found.lowest:8.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
