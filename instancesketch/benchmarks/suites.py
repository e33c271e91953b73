"""What a benchmark measures: labelling, training, reading and scenes, each part for itself."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from instancesketch.batch.output import Output
from instancesketch.batch.quarantine import Marker
from instancesketch.batch.reader import Reading, read_slice
from instancesketch.batch.shards import plan
from instancesketch.benchmarks import plain_loop, subprocesses
from instancesketch.benchmarks.published import Published
from instancesketch.benchmarks.table import Row, Table
from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.label_ids import part_ids
from instancesketch.core.schema import ROW_GROUP_ROWS, SCHEMA, from_table, to_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.usage import summarize_usage
from instancesketch.formats import WRITERS, write
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models.packing import pack
from instancesketch.synth.draw import draw
from instancesketch.synth.scenes.composer import Composer
from instancesketch.synth.scenes.config import SceneConfig
from instancesketch.tracking import metrics_log
from instancesketch.training import dataloader
from instancesketch.training.config import SegmenterFitConfig
from instancesketch.training.trainer import create_fit

PUBLISHED = "the published path, rebuilt"
PLAIN, PLAIN_ALL = "plain loop, one core", "plain loop, all cores"
RAY, RAY_ALL = "segment on Ray, one core", "segment on Ray, all cores"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What to measure, and how much of it."""

    out: str
    data: str | None = None  # a corpus to label; None: drawings made on the spot
    number: int = 100_000
    large: int | None = None  # label so many, too
    published: int = 2_000
    one: int = 300
    trained: int = 4_000
    read: int = 4_000
    scenes: int = 400
    weights: str = "doodle7"
    precision: str = "auto"
    gpus: int = 0  # workers with a GPU each, beside those without
    say: Callable[[str], None] = print

    def measure(self, parts: Sequence[str]) -> Table:
        """Measures parts, and writes `speed.json` and `speed.md` into the folder.

        Raises:
            UserError: the data can't be read, or a verb that is measured failed.
        """
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        table = Table()
        try:
            for part in parts:
                for row in PARTS[part](self):
                    table.rows.append(row)
                    self.say(f"{row.part}, {row.what}: {row.per_second:,.0f} a second")
        finally:
            torch.set_num_threads(threads)
            storage.remove(self.work)
        table.compare("Ray, all cores / the published path, one core", RAY_ALL, PUBLISHED)
        table.compare("plain loop, one core / the published path, one core", PLAIN, PUBLISHED)
        table.compare("Ray / plain loop, one core", RAY, PLAIN)
        table.compare("Ray / plain loop, all cores", RAY_ALL, PLAIN_ALL)
        table.compare("Ray, all cores / one core", RAY_ALL, RAY)
        storage.write_json(storage.join(self.out, "speed.json"), table.to_dict())
        storage.write_text(storage.join(self.out, "speed.md"), table.to_markdown())
        return table

    @property
    def work(self) -> str:
        """A folder for what is made to be measured, removed in the end."""
        return storage.absolute(storage.join(self.out, "_work"))

    def at(self, *names: str) -> str:
        """A location in it."""
        return storage.join(self.work, *names)

    @property
    def cores(self) -> int:
        """Cores of this machine."""
        return os.cpu_count() or 1

    @cached_property
    def drawings(self) -> pa.Table:
        """Drawings of the seven categories with all labels, made on the spot."""
        number = max(self.trained, self.read)
        made = [draw(1, i).replace(split="train") for i in range(number)]
        return to_table(made)

    def corpus(self, table: pa.Table, number: int, name: str) -> str:
        """A corpus of so many rows: those of a table again and again, with ids of their own."""
        where, per_file = self.at(name), 2 * ROW_GROUP_ROWS
        per_file = max(1, min(per_file, number // (2 * self.cores)))  # each core has work
        for i, first in enumerate(range(0, number, per_file)):
            wanted = np.arange(first, min(first + per_file, number))
            rows = table.take(pa.array(wanted % len(table)))
            ids = [
                f"{key}-{n}" for key, n in zip(rows["sketch_id"].to_pylist(), wanted, strict=True)
            ]
            rows = rows.set_column(0, SCHEMA.field("sketch_id"), pa.array(ids))
            parquet.write_table(storage.join(where, f"part-{i:06d}.parquet"), rows)
        return where


def _labelled(bench: Bench) -> pa.Table:
    """The drawings that are labelled; what labels they have is not looked at."""
    if bench.data is None:
        return bench.drawings
    tables = list(parquet.read_batches(bench.data, SCHEMA.names))
    if not any(map(len, tables)):
        raise UserError(f"--data {bench.data} has no drawings to label")
    table = pa.concat_tables(tables)
    order = np.random.default_rng(0).permutation(len(table))  # kinds of drawings lie together
    return table.take(pa.array(order)).combine_chunks()


def segment(bench: Bench) -> Iterator[Row]:
    """The published path, plain loops, and `segment` on Ray, on one core and on all."""
    table = _labelled(bench)
    corpus = bench.corpus(table, bench.number, "corpus")
    model = Segmenter.load(bench.weights, precision=bench.precision)
    yield _published(bench, table, model)
    few = parquet.list_row_files(bench.corpus(table, min(bench.number, 10_000), "few"))
    by_stage = plain_loop.stages(few, bench.work, model)
    for cores, what in ((1, PLAIN), (bench.cores, PLAIN_ALL)):
        out = bench.at(f"plain-{cores}")
        number, rate, used = plain_loop.rate(corpus, out, bench.weights, bench.precision, cores)
        others = {"processor µs": used}
        if cores == 1:
            others |= {f"{stage} µs": took for stage, took in by_stage.items()}
        yield Row(
            part="segment", what=what, number=number, per_second=rate, cores=cores, others=others
        )
        storage.remove(out)
    yield _on_ray(bench, corpus, bench.number, RAY, 1, ["--workers", "1"])
    yield _on_ray(bench, corpus, bench.number, RAY_ALL, bench.cores, [])
    if bench.gpus:
        on_gpus = ["--workers", str(bench.gpus), "--gpus-per-worker", "1"]
        what = f"segment on Ray, {bench.gpus} GPU"
        yield _on_ray(bench, corpus, bench.number, what, bench.cores, on_gpus)
    if bench.large:
        corpus = bench.corpus(table, bench.large, "large")
        yield _on_ray(bench, corpus, bench.large, f"{RAY_ALL}, large", bench.cores, [])


def _published(bench: Bench, table: pa.Table, model: Segmenter) -> Row:
    number = min(bench.published, len(table))
    few = table.slice(0, number)
    batch = pack(few, model.taxonomy, labels=False)
    words = pack(model.label_table(few), model.taxonomy)  # the parts that the refiner is told
    published = Published(model.taxonomy)
    began, computing = time.perf_counter(), time.process_time()
    published.label(batch, words.part_S)
    rate = number / (time.perf_counter() - began)
    used = 1e6 * (time.process_time() - computing) / number
    others = {"processor µs": used}
    return Row(part="segment", what=PUBLISHED, number=number, per_second=rate, others=others)


def _on_ray(
    bench: Bench, corpus: str, number: int, what: str, cores: int, options: Sequence[str]
) -> Row:
    out = bench.at("result")
    argv = ["segment", corpus, "--out", out, "--weights", bench.weights]
    ran = subprocesses.verb([*argv, "--precision", bench.precision, "--quiet", *options], cores)
    said = storage.read_json(storage.join(out, "summary.json"))
    storage.remove(out)
    busy = {f"{k} busy s": v["busy_seconds"] for k, v in said["stages"].items()}
    return Row(
        part="segment",
        what=what,
        number=number,
        per_second=said["speed"]["sketches_per_second"],
        cores=cores,
        start_up_seconds=ran.seconds - said["speed"]["seconds"],
        memory_mb=ran.memory_mb,
        others={"precision": said["precision"], **busy},
    )


def one(bench: Bench) -> Iterator[Row]:
    """One drawing after the other by the Python API, on one core."""
    sketches = from_table(_labelled(bench).slice(0, bench.one))
    model = Segmenter.load(bench.weights)
    model.label(sketches[:10])
    computing = time.process_time()
    took = plain_loop.times(lambda i: model.label([sketches[i]]), len(sketches))
    used = 1e3 * (time.process_time() - computing) / len(took)
    middle = statistics.median(took)
    tail = statistics.quantiles(took, n=20)[-1]
    yield Row(
        part="one",
        what="one drawing at a time, Python API",
        number=len(took),
        per_second=1e3 / middle,
        others={"median ms": middle, "95 % within ms": tail, "processor ms": used},
    )


def training(bench: Bench) -> Iterator[Row]:
    """Epochs of the segmenter in a plain loop, and on Ray Train by one worker and by two."""
    table, taxonomy = bench.drawings.slice(0, bench.trained), Taxonomy.load("doodle7")
    config = SegmenterFitConfig()
    numbers, _ = part_ids(table, taxonomy)
    fit = create_fit(
        config,
        taxonomy,
        steps_per_epoch=-(-len(table) // config.batch_size),
        part_counts=np.bincount(numbers, minlength=len(taxonomy.part_names)).tolist(),
        device=torch.device("cpu"),
    )
    batches = dataloader.shuffled(
        [table],
        taxonomy,
        batch_size=config.batch_size,
        repeats_C=torch.ones(len(taxonomy.category_names), dtype=torch.int64),
        generator=torch.Generator().manual_seed(0),
    )
    began = time.perf_counter()
    fit.train_epoch(batches, 0)
    rate = len(table) / (time.perf_counter() - began)
    yield Row(part="training", what="training in a plain loop", number=len(table), per_second=rate)
    corpus = bench.corpus(table, len(table), "to-train")
    for workers in (1, 2):
        if workers <= bench.cores:
            yield _trained(bench, corpus, workers)


def _trained(bench: Bench, corpus: str, workers: int) -> Row:
    runs = bench.at("runs")
    argv = ["train", "segmenter", "--data", corpus, "--run", f"by-{workers}", "--storage", runs]
    argv += ["--epochs", "3", "--select", "none", "--workers", str(workers), "--quiet"]
    ran = subprocesses.verb(argv, workers)
    # The first epoch has the start of the readers, which is that of all.
    speed = summarize_usage(metrics_log.read(storage.join(runs, f"by-{workers}"))[1:])["speed"]
    return Row(
        part="training",
        what=f"Ray Train, {workers} worker{'s' * (workers > 1)}",
        number=speed["drawings"],
        per_second=speed["drawings_per_second"],
        cores=workers,
        start_up_seconds=ran.seconds - speed["seconds"],
        memory_mb=ran.memory_mb,
    )


def ingest(bench: Bench) -> Iterator[Row]:
    """Reading each format that can be written, and writing it as a corpus, on one core."""
    sketches = from_table(bench.drawings.slice(0, bench.read))
    corpus = bench.corpus(bench.drawings, bench.read, "corpus-to-read")
    for form in (*WRITERS, "corpus"):
        folder = corpus if form == "corpus" else bench.at(form)
        if form != "corpus":
            filesystem, path = storage.locate(folder)
            write(sketches, form, path, filesystem)
        planned = plan([folder])
        size = sum(source["bytes"] for source in planned.sources)
        output, began, number = Output(bench.at(f"from-{form}")), time.perf_counter(), 0
        for piece in planned.slices:
            marker = Marker(location=output.marker(piece.name), run="benchmark")
            rows, log = read_slice(piece, Reading(), marker)
            output.stage(piece.name, rows, log)
            number += len(rows)
        seconds = time.perf_counter() - began
        yield Row(
            part="ingest",
            what=form,
            number=number,
            per_second=number / seconds,
            others={"MB a second": size / 1e6 / seconds},
        )


def scenes(bench: Bench) -> Iterator[Row]:
    """Scenes composed of drawings, labelled on Ray on all cores, by stage."""
    composer = Composer(from_table(bench.drawings.slice(0, 500)), SceneConfig())
    made = to_table([composer.compose(1, i) for i in range(min(bench.scenes, 200))])
    corpus = bench.corpus(made, bench.scenes, "scenes")
    row = _on_ray(
        bench, corpus, bench.scenes, "segment --scenes, all cores", bench.cores, ["--scenes"]
    )
    yield Row(**{**_fields(row), "part": "scenes"})


def _fields(row: Row) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


PARTS: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "segment": segment,
    "one": one,
    "training": training,
    "ingest": ingest,
    "scenes": scenes,
}
