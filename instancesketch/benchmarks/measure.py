"""Measure the parts of a benchmark, and write their table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch

from instancesketch.benchmarks.config import BenchmarkConfig
from instancesketch.benchmarks.ingest_speed import measure_ingest
from instancesketch.benchmarks.labelling_speed import (
    PLAIN,
    PLAIN_ALL,
    PUBLISHED,
    RAY,
    RAY_ALL,
    measure_one,
    measure_scenes,
    measure_segment,
)
from instancesketch.benchmarks.network_speed import BEFORE, DEFAULT, measure_networks
from instancesketch.benchmarks.table import Row, Table
from instancesketch.benchmarks.training_speed import measure_training
from instancesketch.benchmarks.workload import Workload
from instancesketch.core import storage
from instancesketch.models.precision import resolve_precision

_PARTS: Mapping[str, Callable[[Workload], Iterator[Row]]] = {
    "segment": measure_segment,
    "one": measure_one,
    "networks": measure_networks,
    "training": measure_training,
    "ingest": measure_ingest,
    "scenes": measure_scenes,
}
# Ratios within one run hold on other machines as well; the speeds themselves don't.
RATIOS = {
    "Ray, all cores / the published path, one core": (RAY_ALL, PUBLISHED),
    "plain loop, one core / the published path, one core": (PLAIN, PUBLISHED),
    "Ray / plain loop, one core": (RAY, PLAIN),
    "Ray / plain loop, all cores": (RAY_ALL, PLAIN_ALL),
    "Ray, all cores / one core": (RAY_ALL, RAY),
    f"{DEFAULT} / {BEFORE}": (DEFAULT, BEFORE),
}


def measure(config: BenchmarkConfig) -> Table:
    """Measure the parts, and write `speed.json` and `speed.md` into the folder.

    Raises:
        UserError: the data can't be read, the precision is unknown, or a verb failed.
    """
    resolve_precision(config.precision, "cpu")  # refuses an unknown precision before the slow work
    workload, table = Workload(config), Table()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # what is measured in this process is measured per core
    try:
        for part in config.parts:
            for row in _PARTS[part](workload):
                table.rows.append(row)
                # Each row as soon as it is measured, for a whole benchmark takes long.
                if not config.quiet:
                    print(f"{row.part}, {row.what}: {row.per_second:,.0f} a second", flush=True)
    finally:
        torch.set_num_threads(threads)
        # Even after an error: the corpora of a benchmark can take gigabytes.
        storage.remove(workload.folder)
    for name, (first, second) in RATIOS.items():
        table.compare(name, first, second)
    storage.write_json(storage.join(config.out, "speed.json"), table.to_dict())
    storage.write_text(storage.join(config.out, "speed.md"), table.to_markdown())
    return table
