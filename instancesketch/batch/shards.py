"""The unit of batch work: slices of the sources, the same ones whenever the sources are the same.

A slice is read, labelled and written for itself, to a file that is named by it. Many small files
make one slice; a big file that can be cut, by lines or by row groups, makes several.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.fs as fs
import pyarrow.parquet as pq

from instancesketch.batch.config import AUTO
from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.formats import FORMATS, Piece, sniff

# Small sources are cut finer, so that there is work for everyone and a stop costs little.
_MOST_BYTES = 16 << 20
_LEAST_BYTES = 1 << 20
_WANTED_SLICES = 64
_MOST_FILES = 2_000


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Pieces of files on one filesystem, which `location` is on."""

    name: str
    location: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file of a source, by its path on the filesystem of the location."""

    location: str
    path: str
    size: int
    changed: int  # nanoseconds since 1970; 0 where the filesystem doesn't say


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All slices, in the order of the sources, and what must stay the same for them to be so."""

    slices: tuple[Slice, ...]
    files: int
    hidden: int  # files whose names, or folders' names, begin with `_` or `.`
    sources: tuple[dict[str, Any], ...]  # for the settings: where, how much, and a fingerprint


def plan(sources: Sequence[str], format: str = AUTO) -> Plan:
    """Lists the files of the sources, sorted in each, and cuts them into slices.

    Args:
        sources: files and folders, in the order in which the first of two equal ids is kept.
        format: the format of all files, or `auto` to look.

    Raises:
        UserError: a source isn't there or can't be listed, there are no files, or no such format.
    """
    if format not in (AUTO, *FORMATS):
        raise UserError(f"--format {format}: it is {AUTO} or one of {', '.join(FORMATS)}")
    files: list[SourceFile] = []
    described, hidden = [], 0
    for source in sources:
        found, skipped = list_files(storage.absolute(source))
        files += found
        hidden += skipped
        described.append(_describe(storage.absolute(source), found))
    if not files:
        raise UserError(f"no files in {', '.join(sources)}")
    wanted = sum(file.size for file in files) // _WANTED_SLICES
    groups = _group(files, format, min(max(wanted, _LEAST_BYTES), _MOST_BYTES))
    slices = tuple(
        Slice(name=f"part-{i:06d}", location=location, pieces=tuple(pieces))
        for i, (location, pieces) in enumerate(groups)
    )
    return Plan(slices=slices, files=len(files), hidden=hidden, sources=tuple(described))


def list_files(source: str) -> tuple[list[SourceFile], int]:
    """The files of a source, sorted by path, and how many more are hidden.

    Raises:
        UserError: it isn't there or can't be listed.
    """
    filesystem, root = storage.locate(source)
    try:
        info = filesystem.get_file_info(root)
        if info.type == fs.FileType.NotFound:
            raise UserError(f"{source} isn't there")
        if info.type != fs.FileType.Directory:
            return [_file(source, info)], 0
        found = filesystem.get_file_info(fs.FileSelector(root, recursive=True))
    except OSError as error:
        raise UserError(f"{source} can't be listed: {storage.describe_error(error)}") from None
    files = sorted((i for i in found if i.type != fs.FileType.Directory), key=lambda i: i.path)
    rows = {posixpath.dirname(i.path) for i in files if i.extension == "parquet"}
    # What a corpus says of itself lies beside its rows.
    own = {posixpath.join(folder, "summary.json") for folder in rows}
    shown = [
        i for i in files if not _is_hidden(posixpath.relpath(i.path, root)) and i.path not in own
    ]
    return [_file(source, i) for i in shown], len(files) - len(shown)


def _file(location: str, info: fs.FileInfo) -> SourceFile:
    return SourceFile(
        location=location, path=info.path, size=info.size or 0, changed=info.mtime_ns or 0
    )


def _is_hidden(path: str) -> bool:
    return any(name.startswith(("_", ".")) for name in path.split("/"))


def _describe(source: str, files: Sequence[SourceFile]) -> dict[str, Any]:
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        digest.update(f"{file.path}\0{file.size}\0{file.changed}\n".encode())
    size = sum(file.size for file in files)
    return {"source": source, "files": len(files), "bytes": size, "digest": digest.hexdigest()}


def _group(
    files: Sequence[SourceFile], format: str, target: int
) -> Iterator[tuple[str, list[Piece]]]:
    """Puts small files together and cuts big ones, to about `target` bytes each."""
    held: list[Piece] = []
    location, size = "", 0
    for file in files:
        is_big = file.size > target
        moved = _filesystem_of(file.location) != _filesystem_of(location)
        full = is_big or moved or size + file.size > target or len(held) >= _MOST_FILES
        if held and full:
            yield location, held
            held, size = [], 0
        location = file.location
        piece = Piece(path=file.path, format=format)
        if is_big:
            for part in _cut(file, piece, target):
                yield location, [part]
        else:
            held.append(piece)
            size += file.size
    if held:
        yield location, held


def _filesystem_of(location: str) -> str:
    scheme, separator, rest = location.partition("://")
    return f"{scheme}://{rest.split('/')[0]}" if separator else ""


def _cut(file: SourceFile, piece: Piece, target: int) -> Iterable[Piece]:
    filesystem, _ = storage.locate(file.location)
    name = piece.format if piece.format != AUTO else sniff(file.path, filesystem)
    split_by = FORMATS[name].split_by if name in FORMATS else None
    if name is not None and split_by is not None:
        piece = replace(piece, format=name)
    if split_by == "lines":
        cuts = list(range(0, file.size, target))
        ends: list[int | None] = [*cuts[1:], None]
        return [replace(piece, start=a, end=b) for a, b in zip(cuts, ends, strict=True)]
    if split_by == "row_groups":
        return [replace(piece, start=a, end=b) for a, b in _row_groups(file, filesystem, target)]
    return [piece]


def _row_groups(
    file: SourceFile, filesystem: fs.FileSystem, target: int
) -> list[tuple[int, int | None]]:
    """Ranges of row groups of about `target` bytes; all in one where the file is damaged."""
    try:
        with filesystem.open_input_file(file.path) as stream:
            metadata = pq.ParquetFile(stream).metadata
    except (pa.ArrowException, OSError):
        storage.raise_if_unreachable(filesystem, file.path)
        return [(0, None)]  # whoever reads it says what is wrong with it
    sizes = [_compressed(metadata.row_group(i)) for i in range(metadata.num_row_groups)]
    ranges: list[tuple[int, int | None]] = []
    start, held = 0, 0
    for i, size in enumerate(sizes):
        if i > start and held + size > target:
            ranges.append((start, i))
            start, held = i, 0
        held += size
    return [*ranges, (start, max(len(sizes), start + 1))]


def _compressed(group: Any) -> int:
    return sum(group.column(i).total_compressed_size for i in range(group.num_columns))
