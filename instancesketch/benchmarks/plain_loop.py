"""Labelling in a plain loop without Ray: in one process, in one per core, and by stage.

Shape letters: see `instancesketch.models.ragged`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import pyarrow as pa
import torch
from torch import nn

from instancesketch.benchmarks.subprocesses import limit_cores
from instancesketch.core import parquet, storage
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import FileRange, RowBatch, read_unlabelled
from instancesketch.inference.instances import countable_parts, find_instances, sided_parts
from instancesketch.inference.segmenter import Segmenter, predict
from instancesketch.models.features import PAIR_SAMPLES, StrokeFeatures
from instancesketch.models.packing import pack

_WARM_UP_ROWS = 64


@dataclass(frozen=True, kw_only=True)
class Speed:
    """The speed of labelling a corpus."""

    rows: int
    per_second: float
    # Processor time per row, which hardly depends on what else the machine does.
    processor_us: float


@dataclass(frozen=True, kw_only=True)
class Share:
    """Files of a corpus that one process labels."""

    files: tuple[str, ...]
    out: str
    weights: str
    precision: str


@dataclass(frozen=True, kw_only=True)
class ShareTimes:
    """The number of rows of a share, when labelling began and ended, and its processor seconds."""

    rows: int
    began: float
    ended: float
    processor_seconds: float


def label_corpus(corpus: str, out: str, weights: str, precision: str, cores: int) -> Speed:
    """Label a corpus with one process on each of some cores."""
    files = parquet.list_row_files(corpus)
    shares = [
        # Every `cores`th file, so that large and small ones are spread over the processes.
        Share(files=tuple(files[i::cores]), out=out, weights=weights, precision=precision)
        for i in range(cores)
    ]
    # Not forked: torch's threads don't survive that.
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(pool.map(_start_process, [cores] * cores))  # all have started before any labels
        times = list(pool.map(label_share, shares))
    rows = sum(each.rows for each in times)
    seconds = max(each.ended for each in times) - min(each.began for each in times)
    processor_seconds = sum(each.processor_seconds for each in times)
    return Speed(rows=rows, per_second=rows / seconds, processor_us=1e6 * processor_seconds / rows)


def _start_process(cores: int) -> None:
    limit_cores(cores)
    torch.set_num_threads(1)  # as on Ray: a process per core is faster than threads
    time.sleep(1)  # so that each process takes one of the calls


def label_share(share: Share) -> ShareTimes:
    """Label the files of a share, with the clock started once the model is loaded and warm."""
    model = Segmenter.load(share.weights, precision=share.precision)
    first = next(read_row_groups(share.files[0], model.taxonomy))
    # The first call allocates memory and chooses kernels, which isn't the steady pace.
    model.label_table(first.slice(0, _WARM_UP_ROWS))
    # `time.time`: clocks of several processes are compared, and other clocks have no common zero.
    began, processor_began, rows = time.time(), time.process_time(), 0
    for file in share.files:
        for i, table in enumerate(read_row_groups(file, model.taxonomy)):
            result = model.label_table(table)
            name = file.rpartition("/")[2].replace(".parquet", f"-{i:04d}.parquet")
            parquet.write_table(storage.join(share.out, name), result)
            rows += len(table)
    return ShareTimes(
        rows=rows,
        began=began,
        ended=time.time(),
        processor_seconds=time.process_time() - processor_began,
    )


def read_row_groups(file: str, taxonomy: Taxonomy) -> Iterator[pa.Table]:
    """Yield the rows of a corpus's file as `segment` reads them, a row group at a time."""
    filesystem, path = storage.locate(file)
    for group in range(parquet.open_parquet(file).num_row_groups):
        file_range = FileRange(path=path, format="corpus", start=group, end=group + 1)
        read = read_unlabelled(file_range, filesystem, taxonomy=taxonomy)
        yield pa.concat_tables([rows.table for rows in read if isinstance(rows, RowBatch)])


@dataclass
class Clock:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the seconds of a block."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - began)

    def add(self, stage: str, seconds: float) -> None:
        """Add seconds."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    @contextmanager
    def measure_module(self, module: nn.Module, stage: str) -> Iterator[None]:
        """Add the seconds that a module computes within a block."""
        began = [0.0]  # in a list, for the hooks to share

        def begin(*_: Any) -> None:
            began[0] = time.perf_counter()

        def end(*_: Any) -> None:
            self.add(stage, time.perf_counter() - began[0])

        hooks = [module.register_forward_pre_hook(begin), module.register_forward_hook(end)]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def time_stages(files: Sequence[str], out: str, model: Segmenter) -> dict[str, float]:
    """Return the microseconds per drawing of each stage, of one process on one core."""
    compute, in_and_out, rows = Clock(), Clock(), 0
    for file in files:
        began = time.perf_counter()
        for table in read_row_groups(file, model.taxonomy):
            in_and_out.add("read", time.perf_counter() - began)
            _time_stages_of_table(compute, table, model)
            with compute.measure("label_table"):
                result = model.label_table(table)
            with in_and_out.measure("write"):
                parquet.write_table(storage.join(out, "stages.parquet"), result)
            rows += len(table)
            began = time.perf_counter()
    seconds = compute.seconds
    whole = seconds.pop("label_table")
    # Hooks measured these two inside it.
    seconds["predict"] -= seconds["encode"] + seconds["Transformer"]
    seconds["pad and choose"] = seconds.pop("predict")
    # The rest of `label_table`: numbers become the strings of a result.
    seconds["words"] = max(0.0, whole - sum(seconds.values()))
    ordered = {"read": 0.0, **seconds, **in_and_out.seconds}
    return {stage: 1e6 * took / rows for stage, took in ordered.items()}


def _time_stages_of_table(clock: Clock, table: pa.Table, model: Segmenter) -> None:
    """Run the stages of `label_table` one by one."""
    with clock.measure("pack"):
        features = StrokeFeatures.of(pack(table, model.taxonomy, labels=False))
    with clock.measure("rasterise or resample"):
        for samples in {getattr(model.net.encoder, "samples", 0), PAIR_SAMPLES} - {0}:
            # Features are computed once, so the networks below find these ready.
            features.resampled(samples)
    encoder, transformer = model.net.encoder, model.net.transformer
    no_category_N = torch.full((len(table),), -1)
    with (
        clock.measure_module(encoder, "encode"),
        clock.measure_module(transformer, "Transformer"),
        clock.measure("predict"),
    ):
        parts_SQ, category_N, _ = predict(model.net, features, no_category_N)
    if model.refiner is not None:
        part_S, category_S = parts_SQ.argmax(1), category_N[features.batch.sketch_of_S]
        countable_S = countable_parts(model.net_taxonomy)[category_S, part_S]
        sided_S = sided_parts(model.net_taxonomy)[category_S, part_S]
        with clock.measure("cluster"):
            find_instances(model.refiner, features, part_S, countable_S, sided_S)


def time_calls(call: Callable[[int], Any], number: int) -> list[float]:
    """Return the milliseconds that each of `number` calls took; a call is given its index."""
    took = []
    for i in range(number):
        began = time.perf_counter()
        call(i)
        took.append(1e3 * (time.perf_counter() - began))
    return took
