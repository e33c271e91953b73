"""The drawings that a benchmark measures with, and the folder for what it makes."""

from __future__ import annotations

import os
from functools import cached_property

import numpy as np
import pyarrow as pa

from instancesketch.benchmarks.config import BenchmarkConfig
from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.schema import ROW_GROUP_ROWS, SCHEMA, to_table
from instancesketch.synth.draw import draw


class Workload:
    """The corpora that a benchmark measures with, in a folder that is removed at the end."""

    def __init__(self, config: BenchmarkConfig) -> None:
        self.config = config
        # Below the output, which on a cluster is a place that its workers can reach.
        self.folder = storage.absolute(storage.join(config.out, "_work"))
        self.cores = os.cpu_count() or 1

    def on_ray(self) -> list[str]:
        """Return the options that bring a job onto Ray, on all cores, however small it is."""
        # A cluster gives all of its own cores.
        if os.environ.get("RAY_ADDRESS"):
            return []
        return ["--workers", str(self.cores)]

    def at(self, *names: str) -> str:
        """Return a location in the folder."""
        return storage.join(self.folder, *names)

    @cached_property
    def drawings(self) -> pa.Table:
        """Return procedural drawings of the seven categories, with all labels."""
        # Drawn once: each part takes its number from the beginning of this table.
        number = max(self.config.training_number, self.config.ingest_number)
        return to_table([draw(1, i).replace(split="train") for i in range(number)])

    @cached_property
    def to_label(self) -> pa.Table:
        """Return the drawings to label, in a random order; their own labels are not used.

        Raises:
            UserError: the data has no drawings.
        """
        data = self.config.data
        if data is None:
            return self.drawings
        tables = list(parquet.read_batches(data, SCHEMA.names))
        if not any(map(len, tables)):
            raise UserError(f"--data {data} has no drawings to label")
        table = pa.concat_tables(tables)
        # A corpus often has one category after the other, and some are slower to label.
        order = np.random.default_rng(0).permutation(len(table))
        return table.take(pa.array(order)).combine_chunks()

    def write_corpus(self, table: pa.Table, number: int, name: str, files: int = 2) -> str:
        """Write a corpus of `number` rows, repeating those of a table under new ids.

        Args:
            table: drawings or scenes.
            number: of rows.
            name: of the folder.
            files: at least, for each core, so that all cores have work to the end.
        """
        folder = self.at(name)
        per_file = max(1, min(2 * ROW_GROUP_ROWS, number // (files * self.cores)))
        for i, first in enumerate(range(0, number, per_file)):
            numbers = np.arange(first, min(first + per_file, number))
            rows = table.take(pa.array(numbers % len(table)))
            ids = [
                # Numbered, because ids that are already taken would be rejected.
                f"{sketch_id}-{n}"
                for sketch_id, n in zip(rows["sketch_id"].to_pylist(), numbers, strict=True)
            ]
            rows = rows.set_column(0, SCHEMA.field("sketch_id"), pa.array(ids))
            parquet.write_table(storage.join(folder, f"part-{i:06d}.parquet"), rows)
        return folder
