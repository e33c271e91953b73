"""The output folder of a job: shards are staged in it, compared with each other, and then moved
into place.

    OUT/_state/settings.json            the job's config; a job of another config is refused
    OUT/_state/slices/NAME.log.parquet  the manifest of a shard: every row and rejection, in order
    OUT/_state/slices/NAME.parquet      its rows; a shard that has them is done
    OUT/_state/in-hand/NAME.json        the marker of a quarantine, while a shard is worked on
    OUT/_state/clashes.parquet          rows whose id an earlier row has; staging is over
    OUT/NAME.parquet                    rows in their place
    OUT/_rejected.parquet, OUT/summary.json   the end: a folder with a summary is finished

Each step leaves its file whole or not at all and depends on nothing but the files before it, so a
job that was stopped anywhere continues from there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from instancesketch.batch import manifest
from instancesketch.core import parquet, run_folder, storage

T = TypeVar("T")
R = TypeVar("R")

_THREADS = 8  # an object store takes many requests at a time, each for tens of milliseconds


@dataclass(frozen=True)
class Output:
    """The output folder of a job."""

    location: str

    def path(self, *names: str) -> str:
        """Return a location in the folder."""
        return storage.join(self.location, *names)

    def staged_file(self, shard: str) -> str:
        """Return the location of a shard's rows until they are moved into place."""
        # The folder's name is that of earlier versions, whose jobs can be continued.
        return self.path("_state", "slices", f"{shard}.parquet")

    def manifest_file(self, shard: str) -> str:
        """Return the location of a shard's manifest."""
        return self.path("_state", "slices", f"{shard}.log.parquet")

    def marker_file(self, name: str) -> str:
        """Return the location of a quarantine's marker."""
        return self.path("_state", "in-hand", f"{name}.json")

    def check(self, config: Mapping[str, Any]) -> dict[str, Any] | None:
        """Check that a job of this config may work here.

        Returns:
            The summary of a finished folder; None where there is work left.

        Raises:
            UserError: the folder was made with another config, or holds something else.
        """
        # Nothing is written yet: the job may turn out to have no room on the cluster.
        if run_folder.is_claimed(self.location, config, run_folder.JOB):
            return run_folder.read_summary(self.location)
        return None

    def claim(self, config: Mapping[str, Any]) -> None:
        """Write the config of the job that works here.

        Raises:
            UserError: the folder was made with another config, or holds something else.
        """
        run_folder.claim(self.location, config, run_folder.JOB)

    def list_missing(self, shards: Sequence[str]) -> list[str]:
        """Return the names of the shards that are not done."""
        if storage.exists(self.path("_state", "clashes.parquet")):
            return []  # they are being moved into place
        done = set(storage.list_names(self.path("_state", "slices")))
        return [name for name in shards if f"{name}.parquet" not in done]

    def write_shard(self, shard: str, rows: pa.Table, entries: pa.Table) -> None:
        """Stage the rows of a shard, after their manifest."""
        # In this order, for the rows mark the shard as done.
        parquet.write_table(self.manifest_file(shard), entries)
        parquet.write_table(self.staged_file(shard), rows)

    def publish(self, shards: Sequence[str], beside_counts: Mapping[str, Any]) -> dict[str, Any]:
        """Reject rows whose id an earlier row has, move the others into place, and count.

        Args:
            shards: the names of all shards, in the order of the sources.
            beside_counts: further content of `summary.json`.

        Returns:
            The content of `summary.json`.
        """
        # Stored before any row is moved: a job that is stopped from here on moves the same rows.
        clashes = self._find_clashes(shards)
        duplicates = [manifest.duplicate_rows(clashes, i) for i in range(len(shards))]
        pairs = list(zip(shards, duplicates, strict=True))
        # Consumed to wait for all moves, and to raise the error of one that failed.
        for _ in _map_in_threads(lambda pair: self._move_into_place(*pair), pairs):
            pass
        counts, rejected = manifest.Counts(), [manifest.REJECTED_SCHEMA.empty_table()]
        for i, entries in enumerate(_map_in_threads(self.read_manifest, shards)):
            counts.add(entries, duplicates[i])
            rejected.append(
                manifest.rejections(
                    i, entries, clashes, lambda other: self.read_manifest(shards[other])
                )
            )
        parquet.write_table(self.path("_rejected.parquet"), pa.concat_tables(rejected))
        summary = {**counts.to_dict(), **beside_counts}
        # Last, for it marks the folder as finished.
        storage.write_json(self.path(run_folder.SUMMARY), summary)
        self.remove_state()
        return summary

    def read_manifest(self, shard: str) -> pa.Table:
        """Read the manifest of a shard."""
        return parquet.read_table(self.manifest_file(shard))

    def remove_state(self) -> None:
        """Remove the files that only an unfinished folder needs."""
        for name in ("slices", "in-hand", "clashes.parquet"):
            storage.remove(self.path("_state", name))
        # Temporary files of stopped processes have unique names, so no later write replaces them.
        for folder in (self.path(), self.path("_state")):
            for name in storage.list_unfinished(folder):
                storage.remove(storage.join(folder, name))

    def _find_clashes(self, shards: Sequence[str]) -> pa.Table:
        location = self.path("_state", "clashes.parquet")
        if not storage.exists(location):
            hashes = _map_in_threads(
                lambda name: manifest.id_hashes(self.read_manifest(name)), shards
            )
            parquet.write_table(location, manifest.find_clashes(list(hashes)))
        return parquet.read_table(location)

    def _move_into_place(self, shard: str, duplicates: manifest.RowNumbers) -> None:
        staged, final = self.staged_file(shard), self.path(f"{shard}.parquet")
        if not storage.exists(staged):
            return  # moved before the job was stopped
        count = parquet.count_rows(staged)
        if len(duplicates) == count:  # a file of no rows would only be in the way
            storage.remove(staged)
        elif len(duplicates):
            keep = np.ones(count, bool)
            keep[duplicates] = False
            parquet.write_table(final, parquet.read_table(staged).filter(pa.array(keep)))
            storage.remove(staged)
        else:
            storage.move(staged, final)


def _map_in_threads(work: Callable[[T], R], values: Iterable[T]) -> Iterator[R]:
    """Yield the results of `work` in order, from a few threads, holding only a few at a time."""
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting: deque[Future[R]] = deque()
        for value in values:
            waiting.append(pool.submit(work, value))
            # Manifests of a large job, all read ahead, would fill the memory.
            if len(waiting) > 2 * _THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
