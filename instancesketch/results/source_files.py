"""Find the files that the drawings of a result were read from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import pyarrow.fs as fs

from instancesketch.core import storage

# A corpus is read from sources, a result from a corpus: more steps than these nobody takes.
_MOST_STEPS = 4
_MOST_FILES = 200_000
# Files of many drawings that are named by what they show, as Quick, Draw!'s are.
_OF_MANY = (".ndjson", ".npz", ".csv")


class SourceFiles:
    """The local files of the sources of a result, by the drawings that they hold.

    A file that is one drawing gives it its path as an id. A file of many drawings is known by its
    name, the word of its drawings, or because it is the only one.
    """

    def __init__(self, folder: str, page: str) -> None:
        """List the files of a result's sources.

        Args:
            folder: the result or corpus.
            page: the page that links to the files.
        """
        self._by_id: dict[str, str] = {}
        self._by_word: dict[str, str] = {}
        self._only: str | None = None
        filesystem, path = storage.locate(page)
        # Only a page on this machine can open a file on it.
        if not isinstance(filesystem, fs.LocalFileSystem):
            return
        files = list(islice(_files(folder, 0), _MOST_FILES))
        start = os.path.dirname(os.path.abspath(path))
        for name, file in files:
            address = quote(os.path.relpath(file, start).replace(os.sep, "/"))
            self._by_id.setdefault(name, address)
            if file.lower().endswith(_OF_MANY):
                self._by_word.setdefault(Path(file).stem, address)
        if len(files) == 1:
            self._only = next(iter(self._by_id.values()))

    def address_of(self, sketch_id: str, word: str | None) -> str | None:
        """Return the address of a drawing's file, relative to the page; None where not known."""
        found = self._by_id.get(sketch_id) or self._only
        return found or (None if word is None else self._by_word.get(word))


def _files(folder: str, steps: int) -> Iterator[tuple[str, str]]:
    """Yield name and path of each local file of the sources of a corpus or result.

    The name is the path below the source, without extension.
    """
    settings = storage.read_json(storage.join(folder, "_state", "settings.json"))
    sources = settings.get("sources") if isinstance(settings, dict) else None
    for source in sources if isinstance(sources, list) else []:
        location = source.get("source") if isinstance(source, dict) else None
        if not isinstance(location, str):
            continue
        if storage.exists(storage.join(location, "_state", "settings.json")):
            yield from _files(location, steps + 1) if steps < _MOST_STEPS else ()
        elif os.path.isdir(location):
            yield from _walk(location)
        elif os.path.isfile(location):
            yield Path(location).stem, location


def _walk(root: str) -> Iterator[tuple[str, str]]:
    for where, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(where, name)
            yield os.path.splitext(os.path.relpath(path, root))[0].replace(os.sep, "/"), path
