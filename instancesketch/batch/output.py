"""The output folder of a job: shards are staged in it, and then published.

    OUT/_state/settings.json              the job's config; a job of another config is refused
    OUT/_state/at-work.ID.json            the command that works here; others wait for its end
    OUT/_state/slices/NAME.C.log.parquet  the manifest of a shard: each row and rejection, in order
    OUT/_state/slices/NAME.C.groups.parquet  counts of its rows, of jobs that make a corpus
    OUT/_state/slices/NAME.C.parquet      its rows; a shard that has them is done
    OUT/_state/in-hand/NAME.C.json        the marker of a quarantine, while a shard is worked on
    OUT/_state/publishing/NAME.C.*        see `publishing.groups`
    OUT/NAME.parquet                      rows in their place
    OUT/_state/groups.parquet             counts of all rows, see `row_counts`
    OUT/_rejected.parquet, OUT/summary.json   the end: a folder with a summary is finished

Each step leaves its file whole or not at all and depends on nothing but the files before it, so a
job that was stopped anywhere continues from there. `C` is a digest of the config: where a folder is
emptied and begun anew while a job works in it, the rows of the two don't mix.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import pyarrow as pa

from instancesketch.batch import manifest
from instancesketch.core import lease, parquet, row_counts, run_folder, storage
from instancesketch.core.errors import UserError

T = TypeVar("T")
R = TypeVar("R")

_PUBLISHING = "publishing"
_CLASHES = "clashes.parquet"  # of an earlier version: rows whose id an earlier row has
_THREADS = 8  # an object store takes many requests at a time, each for tens of milliseconds


@dataclass(frozen=True)
class Output:
    """The output folder of a job of one config."""

    location: str
    config: Mapping[str, Any]

    @cached_property
    def digest(self) -> str:
        """Return the digest of the config."""
        text = json.dumps(self.config, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    def path(self, *names: str) -> str:
        """Return a location in the folder."""
        return storage.join(self.location, *names)

    def staged_file(self, shard: str) -> str:
        """Return the location of a shard's rows until they are moved into place."""
        # The folder's name is that of earlier versions, whose jobs can be continued.
        return self.path("_state", "slices", f"{shard}.{self.digest}.parquet")

    def manifest_file(self, shard: str) -> str:
        """Return the location of a shard's manifest."""
        return self.path("_state", "slices", f"{shard}.{self.digest}.log.parquet")

    def counts_file(self, shard: str) -> str:
        """Return the location of the counts of a shard's rows."""
        return self.path("_state", "slices", f"{shard}.{self.digest}.groups.parquet")

    def marker_file(self, name: str) -> str:
        """Return the location of a quarantine's marker."""
        return self.path("_state", "in-hand", f"{name}.{self.digest}.json")

    def publishing_file(self, name: str, suffix: str) -> str:
        """Return the location of a file that is needed while the rows are moved into place."""
        return self.path("_state", _PUBLISHING, f"{name}.{self.digest}.{suffix}")

    def is_claimed(self) -> bool:
        """Return whether a job of this config has worked here before.

        Raises:
            UserError: the folder was made with another config, or holds something else.
        """
        return run_folder.is_claimed(self.location, self.config, run_folder.JOB)

    def read_summary(self) -> dict[str, Any] | None:
        """Return the summary of a finished folder; None where it isn't finished."""
        return run_folder.read_summary(self.location)

    def check(self) -> dict[str, Any] | None:
        """Check that the job may work here, without writing anything.

        Returns:
            The summary of a finished folder; None where there is work left.

        Raises:
            UserError: the folder was made with another config, or holds something else.
        """
        return self.read_summary() if self.is_claimed() else None

    def claim(self) -> None:
        """Write the config of the job that works here.

        Raises:
            UserError: the folder was made with another config, or holds something else.
        """
        run_folder.claim(self.location, self.config, run_folder.JOB)

    def refuse_loss(self) -> None:
        """Check that the folder is still that of this job.

        Raises:
            UserError: it has been removed, emptied, or begun by another job.
        """
        if not self.is_claimed():
            raise UserError(f"{self.location} was removed while this command worked in it")

    def adopt_earlier(self) -> None:
        """Take over what an earlier version has staged, which named no config."""
        folder = self.path("_state", "slices")
        found = (
            re.fullmatch(r"([^.]+)((?:\.log)?\.parquet)", n) for n in storage.list_names(folder)
        )
        # Consumed to wait for all moves, and to raise the error of one that failed.
        for _ in map_in_threads(
            lambda name: storage.move(
                storage.join(folder, name[0]),
                storage.join(folder, f"{name[1]}.{self.digest}{name[2]}"),
            ),
            filter(None, found),
        ):
            pass

    def list_missing(self, shards: Sequence[str]) -> list[str]:
        """Return the names of the shards that are not done."""
        # They are being moved into place, by this version or by an earlier one.
        if storage.exists(self.publishing_file("plan", "json")) or storage.exists(
            self.path("_state", _CLASHES)
        ):
            return []
        done = set(storage.list_names(self.path("_state", "slices")))
        # Without a digest: staged by an earlier version, and yet to be adopted.
        return [n for n in shards if not done & {f"{n}.{self.digest}.parquet", f"{n}.parquet"}]

    def write_shard(self, shard: str, rows: pa.Table, entries: pa.Table) -> None:
        """Stage the rows of a shard, after their manifest and, for a corpus, their counts."""
        # In this order, for the rows mark the shard as done.
        parquet.write_table(self.manifest_file(shard), entries)
        if "error" not in rows.column_names:  # a result is not there to train on
            parquet.write_table(self.counts_file(shard), row_counts.count_rows(rows))
        parquet.write_table(self.staged_file(shard), rows)

    def read_manifest(self, shard: str) -> pa.Table:
        """Read the manifest of a shard."""
        table = parquet.read_table(self.manifest_file(shard))
        # One of an earlier version has no entry of what was left out.
        for column in manifest.MANIFEST_SCHEMA:
            if column.name not in table.column_names:
                table = table.append_column(column, pa.nulls(len(table), column.type))
        return table.select(manifest.MANIFEST_SCHEMA.names)

    def remove_state(self) -> None:
        """Remove the files that only an unfinished folder needs, but for leases."""
        for name in ("slices", "in-hand", _PUBLISHING, _CLASHES):
            storage.remove(self.path("_state", name))
        # Temporary files of stopped processes have unique names, so no later write replaces them.
        for folder in (self.path(), self.path("_state")):
            for name in storage.list_unfinished(folder):
                # Another command that waits for this one may just be writing its own.
                if lease.PREFIX not in name:
                    storage.remove(storage.join(folder, name))

    def has_state(self) -> bool:
        """Return whether a finished folder holds files that only an unfinished one needs."""
        state = set(storage.list_names(self.path("_state"))) - {
            "settings.json",
            row_counts.COUNTS_FILE,
        }
        return bool(state or storage.list_unfinished(self.location))


def map_in_threads(work: Callable[[T], R], values: Iterable[T]) -> Iterator[R]:
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
