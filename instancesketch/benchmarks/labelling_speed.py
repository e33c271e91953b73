"""The speed of labelling: the published path, plain loops, `segment` on Ray, and the Python API."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from instancesketch.benchmarks import plain_loop, subprocesses
from instancesketch.benchmarks.published import Published
from instancesketch.benchmarks.table import Row
from instancesketch.benchmarks.workload import Workload
from instancesketch.core import parquet, storage
from instancesketch.core.schema import from_table, to_table
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models.packing import pack
from instancesketch.synth.scenes.composer import Composer
from instancesketch.synth.scenes.config import SceneConfig

PUBLISHED = "the published path, rebuilt"
PLAIN, PLAIN_ALL = "plain loop, one core", "plain loop, all cores"
RAY, RAY_ALL = "segment on Ray, one core", "segment on Ray, all cores"
_DIFFERENT_SCENES = 200


def measure_segment(workload: Workload) -> Iterator[Row]:
    """Measure the published path, plain loops, and `segment` on Ray, on one core and on all."""
    config = workload.config
    corpus = workload.write_corpus(workload.to_label, config.number, "corpus")
    model = Segmenter.load(config.weights, precision=config.precision)
    yield _published(workload, model)
    stages = _stage_times(workload, model)
    yield _plain(workload, corpus, PLAIN, 1, stages)
    yield _plain(workload, corpus, PLAIN_ALL, workload.cores, {})
    yield _on_ray(workload, corpus, RAY, 1, ["--workers", "1"])
    yield _on_ray(workload, corpus, RAY_ALL, workload.cores, workload.on_ray())
    if config.gpus:
        on_gpus = ["--workers", str(config.gpus), "--gpus-per-worker", "1"]
        what = f"segment on Ray, {config.gpus} GPU"
        yield _on_ray(workload, corpus, what, workload.cores, on_gpus)
    if config.large:
        # Shows whether speed and memory stay the same when the corpus grows.
        corpus = workload.write_corpus(workload.to_label, 10 * config.number, "large")
        yield _on_ray(workload, corpus, f"{RAY_ALL}, large", workload.cores, workload.on_ray())


def _published(workload: Workload, model: Segmenter) -> Row:
    table = workload.to_label.slice(0, workload.config.published_number)
    batch = pack(table, model.taxonomy, labels=False)
    # The published refiner is given parts; its segmenter's weights were not released.
    # Drawings of nothing known have no parts; the published path refines them all the same.
    part_S = pack(model.label_table(table), model.taxonomy).part_S.clamp(min=0)
    published = Published(model.taxonomy)
    # Both clocks: the wall's for the speed, the processor's to see how busy the machine was.
    began, computing = time.perf_counter(), time.process_time()
    published.label(batch, part_S)
    per_second = len(table) / (time.perf_counter() - began)
    processor_us = 1e6 * (time.process_time() - computing) / len(table)
    return Row(
        part="segment",
        what=PUBLISHED,
        number=len(table),
        per_second=per_second,
        others={"processor µs": processor_us},
    )


def _stage_times(workload: Workload, model: Segmenter) -> dict[str, float]:
    number = workload.config.stages_number
    # Fewer than for the speed: two passes over each drawing, in one process.
    corpus = workload.write_corpus(workload.to_label, number, "few")
    seconds = plain_loop.time_stages(parquet.list_row_files(corpus), workload.folder, model)
    return {f"{stage} µs": us for stage, us in seconds.items()}


def _plain(workload: Workload, corpus: str, what: str, cores: int, stages: dict[str, float]) -> Row:
    config, out = workload.config, workload.at(f"plain-{cores}")
    speed = plain_loop.label_corpus(corpus, out, config.weights, config.precision, cores)
    storage.remove(out)
    return Row(
        part="segment",
        what=what,
        number=speed.rows,
        per_second=speed.per_second,
        cores=cores,
        others={"processor µs": speed.processor_us, **stages},
    )


def _on_ray(
    workload: Workload, corpus: str, what: str, cores: int, options: Sequence[str] = ()
) -> Row:
    config, out = workload.config, workload.at("result")
    argv = ["segment", corpus, "--out", out, "--weights", config.weights]
    argv += ["--precision", config.precision, "--quiet", *options]
    # A process of its own, so that time and memory include the start of Python and Ray.
    usage = subprocesses.run_verb(argv, cores)
    summary = storage.read_json(storage.join(out, "summary.json"))
    storage.remove(out)  # or the next row would find it finished
    busy = {f"{name} busy s": stage["busy_seconds"] for name, stage in summary["stages"].items()}
    return Row(
        part="segment",
        what=what,
        number=summary["rows"],
        per_second=summary["speed"]["sketches_per_second"],
        cores=cores,
        # All but the steady pace: the start of Python, of Ray and of the models.
        start_up_seconds=usage.seconds - summary["speed"]["seconds"],
        memory_mb=usage.memory_mb,
        others={"precision": summary["precision"], **busy},
    )


def measure_one(workload: Workload) -> Iterator[Row]:
    """Measure labelling one drawing at a time by the Python API, on one core."""
    config = workload.config
    sketches = from_table(workload.to_label.slice(0, config.one_number))
    model = Segmenter.load(config.weights)
    model.label(sketches[:10])  # the first calls allocate memory and load kernels
    computing = time.process_time()
    ms = plain_loop.time_calls(lambda i: model.label([sketches[i]]), len(sketches))
    processor_ms = 1e3 * (time.process_time() - computing) / len(ms)
    # The median, because single calls are delayed by whatever else the machine does.
    median = statistics.median(ms)
    yield Row(
        part="one",
        what="one drawing at a time, Python API",
        number=len(ms),
        per_second=1e3 / median,
        others={
            "median ms": median,
            "95 % within ms": statistics.quantiles(ms, n=20)[-1],
            "processor ms": processor_ms,
        },
    )


def measure_scenes(workload: Workload) -> Iterator[Row]:
    """Measure labelling of composed scenes on Ray on all cores, by stage."""
    number = workload.config.scenes_number
    composer = Composer(from_table(workload.drawings.slice(0, 500)), SceneConfig())
    # Composing is slower than labelling, so a few scenes are repeated.
    composed = [composer.compose(1, i) for i in range(min(number, _DIFFERENT_SCENES))]
    # Their two stages are busy side by side only where there are more shards than workers.
    corpus = workload.write_corpus(to_table(composed), number, "scenes", files=8)
    row = _on_ray(
        workload,
        corpus,
        "segment --scenes, all cores",
        workload.cores,
        ["--scenes", *workload.on_ray()],
    )
    yield replace(row, part="scenes")
