"""An output folder while it is being made: slices are staged, checked against each other, and
then moved into place.

    OUT/_state/settings.json            what the folder is made of; another command is refused
    OUT/_state/slices/NAME.log.parquet  of one slice: every row and every rejection, in order
    OUT/_state/slices/NAME.parquet      its rows; that it is there says that the slice is done
    OUT/_state/clashes.parquet          rows whose id an earlier row has; staging is over
    OUT/NAME.parquet                    rows in their place
    OUT/_rejected.parquet, OUT/summary.json   the end: a folder with a summary is finished

Each step leaves its file whole or not at all and depends on nothing but the files before it, so a
job that is stopped anywhere goes on from there.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from instancesketch.batch import manifest
from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError

T = TypeVar("T")
R = TypeVar("R")

_THREADS = 8


@dataclass(frozen=True)
class Output:
    """An output folder that slices are written to."""

    location: str

    def path(self, *names: str) -> str:
        """A location in the folder."""
        return storage.join(self.location, *names)

    def staged(self, name: str) -> str:
        """Where the rows of a slice wait."""
        return self.path("_state", "slices", f"{name}.parquet")

    def log(self, name: str) -> str:
        """Where the log of a slice is."""
        return self.path("_state", "slices", f"{name}.log.parquet")

    def marker(self, name: str) -> str:
        """Where it is kept which part of a slice is in hand."""
        return self.path("_state", "in-hand", f"{name}.json")

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any] | None:
        """Finds out whether these settings may be worked on here.

        Returns:
            The summary of a finished folder, or None where there is work left.

        Raises:
            UserError: the folder holds something else.
        """
        known = storage.read_json(self.path("_state", "settings.json"))
        if known is None:
            foreign = [name for name in storage.list_names(self.location) if name != "_state"]
            if foreign:
                raise UserError(
                    f"{self.location} already holds {foreign[0]!r} and was not made by this "
                    "command: choose a new folder for --out"
                )
            return None
        other = _differences(known, json.loads(json.dumps(settings)))
        if other:
            raise UserError(
                f"{self.location} was made with other settings ({', '.join(other)}): "
                "give those again, or choose a new folder for --out"
            )
        summary: dict[str, Any] | None = storage.read_json(self.path("summary.json"))
        return summary

    def claim(self, settings: Mapping[str, Any]) -> None:
        """Says what the folder is made of."""
        storage.write_json(self.path("_state", "settings.json"), settings)

    def missing(self, names: Sequence[str]) -> list[str]:
        """The slices that are not done."""
        if storage.exists(self.path("_state", "clashes.parquet")):
            return []
        done = set(storage.list_names(self.path("_state", "slices")))
        return [name for name in names if f"{name}.parquet" not in done]

    def stage(self, name: str, rows: pa.Table, log: pa.Table) -> None:
        """Writes a slice. The log comes first, so that rows never stand without it."""
        parquet.write_table(self.log(name), log)
        parquet.write_table(self.staged(name), rows)

    def publish(self, names: Sequence[str], summary: Mapping[str, Any]) -> dict[str, Any]:
        """Rejects rows whose id an earlier row has, moves the others into place, and sums up.

        Args:
            names: all slices, in the order of the sources.
            summary: what `summary.json` holds beside the counts.

        Returns:
            What `summary.json` holds.
        """
        clashes = self._clashes(names)
        work = [(name, manifest.later_rows(clashes, i)) for i, name in enumerate(names)]
        for _ in _parallel(lambda pair: self._place(*pair), work):
            pass
        counts, rejected = manifest.Counts(), [manifest.REJECTED_SCHEMA.empty_table()]
        for i, log in enumerate(_parallel(self.read_log, names)):
            counts.add(log, work[i][1])
            rejected.append(
                manifest.rejections(i, log, clashes, lambda other: self.read_log(names[other]))
            )
        parquet.write_table(self.path("_rejected.parquet"), pa.concat_tables(rejected))
        whole = {**counts.to_dict(), **summary}
        storage.write_json(self.path("summary.json"), whole)
        self.clean()
        return whole

    def read_log(self, name: str) -> pa.Table:
        """The log of a slice."""
        return parquet.read_table(self.log(name))

    def clean(self) -> None:
        """Removes what only an unfinished folder needs."""
        for name in ("slices", "in-hand", "clashes.parquet"):
            storage.remove(self.path("_state", name))
        for folder in (self.path(), self.path("_state")):
            for name in storage.list_unfinished(folder):
                storage.remove(storage.join(folder, name))

    def _clashes(self, names: Sequence[str]) -> pa.Table:
        location = self.path("_state", "clashes.parquet")
        if not storage.exists(location):
            hashes = _parallel(lambda name: manifest.hashes_of(self.read_log(name)), names)
            parquet.write_table(location, manifest.find_clashes(list(hashes)))
        return parquet.read_table(location)

    def _place(self, name: str, without: manifest.Rows) -> None:
        staged, final = self.staged(name), self.path(f"{name}.parquet")
        if not storage.exists(staged):
            return  # placed before the job was stopped
        number = parquet.count_rows(staged)
        if len(without) == number:  # a file of no rows would only be in the way
            storage.remove(staged)
        elif len(without):
            keep = np.ones(number, bool)
            keep[without] = False
            parquet.write_table(final, parquet.read_table(staged).filter(pa.array(keep)))
            storage.remove(staged)
        else:
            storage.move(staged, final)


def _differences(known: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    return sorted(k for k in {*known, *asked} if known.get(k) != asked.get(k))


def _parallel(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Does work on items in a few threads, in order, without holding more than a few results."""
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting: deque[Future[R]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2 * _THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
