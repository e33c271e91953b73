"""Labelling in a plain loop without Ray: by one process, by one for each core, and by stage.

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

from instancesketch.benchmarks.subprocesses import keep_to
from instancesketch.core import parquet, storage
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import Piece, Rows, read_unlabelled
from instancesketch.inference.instances import countable_parts, find, sided_parts
from instancesketch.inference.segmenter import Segmenter, predict
from instancesketch.models.packing import pack
from instancesketch.models.pair_geometry import PairGeometry


@dataclass(frozen=True, kw_only=True)
class Share:
    """Files of a corpus that one process labels."""

    files: tuple[str, ...]
    out: str
    weights: str
    precision: str


def rate(
    corpus: str, out: str, weights: str, precision: str, cores: int
) -> tuple[int, float, float]:
    """Labels a corpus by so many processes, a core each.

    Returns:
        Its rows, rows a second, and the microseconds of a processor that each took: that much
        however busy the machine is with other things.
    """
    files = parquet.list_row_files(corpus)
    shares = [
        Share(files=tuple(files[i::cores]), out=out, weights=weights, precision=precision)
        for i in range(cores)
    ]
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(pool.map(_load, [cores] * cores))  # all of them there before any begins
        done = list(pool.map(label, shares))
    number = sum(rows for rows, *_ in done)
    seconds = max(ended for *_, ended, _ in done) - min(began for _, began, *_ in done)
    return number, number / seconds, 1e6 * sum(used for *_, used in done) / number


def _load(cores: int) -> None:
    keep_to(cores)
    torch.set_num_threads(1)
    time.sleep(1)  # so that no process takes two of the calls


def label(share: Share) -> tuple[int, float, float, float]:
    """Labels the files of a share; returns the rows, when it began and ended, seconds computed."""
    model = Segmenter.load(share.weights, precision=share.precision)
    first = next(rows(share.files[0], model.taxonomy))
    model.label_table(first.slice(0, 64))
    began, computing, number = time.time(), time.process_time(), 0
    for file in share.files:
        for i, table in enumerate(rows(file, model.taxonomy)):
            result = model.label_table(table)
            name = file.rpartition("/")[2].replace(".parquet", f"-{i:04d}.parquet")
            parquet.write_table(storage.join(share.out, name), result)
            number += len(table)
    return number, began, time.time(), time.process_time() - computing


def rows(file: str, taxonomy: Taxonomy) -> Iterator[pa.Table]:
    """The rows of a corpus's file as `segment` reads them, a row group at a time."""
    filesystem, path = storage.locate(file)
    for group in range(parquet.open_parquet(file).num_row_groups):
        piece = Piece(path=path, format="corpus", start=group, end=group + 1)
        found = read_unlabelled(piece, filesystem, taxonomy)
        yield pa.concat_tables([f.table for f in found if isinstance(f, Rows)])


@dataclass
class Clock:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Counts the seconds of a block."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - began)

    def add(self, stage: str, seconds: float) -> None:
        """Counts seconds."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    @contextmanager
    def inside(self, module: nn.Module, stage: str) -> Iterator[None]:
        """Counts the seconds that a module computes."""
        began = [0.0]

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


def stages(files: Sequence[str], out: str, model: Segmenter) -> dict[str, float]:
    """Microseconds a drawing by stage, of one process on one core."""
    clock, number, reading = Clock(), 0, Clock()
    for file in files:
        began = time.perf_counter()
        for table in rows(file, model.taxonomy):
            reading.add("read", time.perf_counter() - began)
            _staged(clock, table, model)
            with clock.of("all but read and write"):
                result = model.label_table(table)
            with reading.of("write"):
                parquet.write_table(storage.join(out, "stages.parquet"), result)
            number += len(table)
            began = time.perf_counter()
    seconds = clock.seconds
    whole = seconds.pop("all but read and write")
    seconds["predict"] -= seconds["encode"] + seconds["Transformer"]
    seconds["pad and choose"] = seconds.pop("predict")
    seconds["words"] = max(0.0, whole - sum(seconds.values()))
    ordered = {"read": 0.0, **seconds, **reading.seconds}
    return {stage: 1e6 * took / number for stage, took in ordered.items()}


def _staged(clock: Clock, table: pa.Table, model: Segmenter) -> None:
    """What `label_table` does, stage by stage."""
    with clock.of("pack"):
        batch = pack(table, model.taxonomy, labels=False)
        normal = batch.normalised()
    with clock.of("rasterise or resample"):
        for number in {getattr(model.net.encoder, "samples", 0), PairGeometry.SAMPLES} - {0}:
            normal.resampled(number)
    encoder, transformer = model.net.encoder, model.net.transformer
    told_N = torch.full((len(batch),), -1)
    with (
        clock.inside(encoder, "encode"),
        clock.inside(transformer, "Transformer"),
        clock.of("predict"),
    ):
        parts_SQ, category_N, _ = predict(model.net, batch, told_N)
    if model.refiner is not None:
        part_S, category_S = parts_SQ.argmax(1), category_N[batch.sketch_of_S]
        counted_S = countable_parts(model.taxonomy)[category_S, part_S]
        sided_S = sided_parts(model.taxonomy)[category_S, part_S]
        with clock.of("cluster"):
            find(model.refiner, batch, part_S, counted_S, sided_S)


def times(work: Callable[[int], Any], number: int) -> list[float]:
    """Milliseconds that each of so many calls took."""
    took = []
    for i in range(number):
        began = time.perf_counter()
        work(i)
        took.append(1e3 * (time.perf_counter() - began))
    return took
