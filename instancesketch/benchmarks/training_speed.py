"""The speed of training: a plain loop, and Ray Train with one worker and with two."""

from __future__ import annotations

from collections.abc import Iterator

from instancesketch.benchmarks import subprocesses
from instancesketch.benchmarks.network_speed import train_epoch
from instancesketch.benchmarks.table import Row
from instancesketch.benchmarks.workload import Workload
from instancesketch.core import storage
from instancesketch.core.usage import summarize_usage
from instancesketch.tracking import metrics_log
from instancesketch.training.config import SegmenterFitConfig


def measure_training(workload: Workload) -> Iterator[Row]:
    """Measure epochs of the segmenter in a plain loop, and on Ray Train."""
    table = workload.drawings.slice(0, workload.config.training_number)
    per_second = train_epoch(workload, SegmenterFitConfig().model)
    yield Row(
        part="training",
        what="training in a plain loop",
        number=len(table),
        per_second=per_second,
    )
    corpus = workload.write_corpus(table, len(table), "to-train")
    for workers in (1, 2):
        # Two workers on one core would measure how they share it.
        if workers <= workload.cores:
            yield _on_ray(workload, corpus, workers)


def _on_ray(workload: Workload, corpus: str, workers: int) -> Row:
    runs, name = workload.at("runs"), f"by-{workers}"
    argv = ["train", "segmenter", "--data", corpus, "--run", name, "--storage", runs]
    # Without selection, which the plain loop doesn't do either.
    # Three epochs, of which the first isn't counted.
    argv += ["--epochs", "3", "--select", "none", "--workers", str(workers), "--quiet"]
    usage = subprocesses.run_verb(argv, workers)
    # The first epoch includes the start of the readers, so it isn't the steady pace.
    epochs = metrics_log.read(storage.join(runs, name))[1:]
    speed = summarize_usage(epochs)["speed"]
    return Row(
        part="training",
        what=f"Ray Train, {workers} worker{'s' * (workers > 1)}",
        number=speed["drawings"],
        per_second=speed["drawings_per_second"],
        cores=workers,
        start_up_seconds=usage.seconds - speed["seconds"],
        memory_mb=usage.memory_mb,
    )
