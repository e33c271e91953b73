"""The segmenter's network beside the one it replaced, of equal accuracy: labelling and training."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import torch

from instancesketch.benchmarks import plain_loop
from instancesketch.benchmarks.table import Row
from instancesketch.benchmarks.workload import Workload
from instancesketch.core.label_ids import part_ids
from instancesketch.core.schema import from_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models.config import SegmenterConfig
from instancesketch.models.optimize import optimize
from instancesketch.models.precision import resolve_precision
from instancesketch.models.segmenter import SegmenterNet
from instancesketch.training import dataloader, sampling
from instancesketch.training.config import SegmenterFitConfig
from instancesketch.training.trainer import create_fit

DEFAULT, BEFORE = "patches, 3 layers (default)", "convolutions, 4 layers (before)"
# Untrained: arithmetic takes as long whatever the weights are.
NETWORKS: Mapping[str, SegmenterConfig] = MappingProxyType(
    {DEFAULT: SegmenterFitConfig().model, BEFORE: SegmenterConfig(pair_order=True)}
)


def measure_networks(workload: Workload) -> Iterator[Row]:
    """Measure each network on one core: drawings labelled at once and one at a time, training."""
    for what, shape in NETWORKS.items():
        config, taxonomy = workload.config, Taxonomy.load("doodle7")
        torch.manual_seed(0)
        precision = resolve_precision(config.precision, "cpu")
        model = Segmenter(optimize(SegmenterNet(shape, taxonomy), "cpu", precision), taxonomy)
        table = workload.to_label.slice(0, config.stages_number)
        model.label_table(table.slice(0, 64))  # allocates memory and chooses kernels
        began = time.perf_counter()
        model.label_table(table)
        per_second = len(table) / (time.perf_counter() - began)
        yield Row(
            part="networks",
            what=what,
            number=len(table),
            per_second=per_second,
            others={
                "one drawing ms": _time_one(workload, shape, taxonomy),
                "trained drawings a second": train_epoch(workload, shape),
                "parameters": sum(p.numel() for p in SegmenterNet(shape, taxonomy).parameters()),
            },
        )


def _time_one(workload: Workload, shape: SegmenterConfig, taxonomy: Taxonomy) -> float:
    """Return the median milliseconds of labelling one drawing at a time, in float32."""
    model = Segmenter(optimize(SegmenterNet(shape, taxonomy), "cpu", "float32"), taxonomy)
    sketches = from_table(workload.to_label.slice(0, workload.config.one_number))
    model.label(sketches[:10])
    return statistics.median(
        plain_loop.time_calls(lambda i: model.label([sketches[i]]), len(sketches))
    )


def train_epoch(workload: Workload, shape: SegmenterConfig) -> float:
    """Return the drawings per second of an epoch of the segmenter, in a plain loop on one core."""
    table = workload.drawings.slice(0, workload.config.training_number)
    taxonomy, config = Taxonomy.load("doodle7"), replace(SegmenterFitConfig(), model=shape)
    ids, _ = part_ids(table, taxonomy)
    fit = create_fit(
        config,
        taxonomy,
        steps_per_epoch=-(-len(table) // config.batch_size),
        part_counts=np.bincount(ids, minlength=len(taxonomy.part_names)).tolist(),
        # As workers without a GPU.
        device=torch.device("cpu"),
    )
    batches = dataloader.iter_shuffled_batches(
        # Each drawing once, so that their number is what an epoch trains on.
        [table.append_column(sampling.USES, pa.array(np.ones(len(table), np.int64)))],
        taxonomy,
        batch_size=config.batch_size,
        generator=torch.Generator().manual_seed(0),
    )
    began = time.perf_counter()
    fit.train_epoch(batches, 0)
    return len(table) / (time.perf_counter() - began)
