"""Cut the sources into shards, the same ones whenever the sources are the same.

A shard is read, labelled and written by itself, to a file that is named by it. Many small files
make one shard; a big file that can be cut, by lines or by row groups, makes several.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.fs as fs
import pyarrow.parquet as pq

from instancesketch.batch.config import AUTO
from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.progress import doing
from instancesketch.formats import FORMATS, FileRange, sniff

# Small sources are cut finer, so that every worker gets some and a stop loses little.
MAX_BYTES = 16 << 20  # a worker holds the rows of a shard in memory
MIN_BYTES = 1 << 20
TARGET_SHARDS = 64
MAX_FILES = 2_000  # opening a file takes longer than reading a small one


@dataclass(frozen=True, kw_only=True)
class FileShard:
    """Ranges of files that lie on one filesystem, that of `location`."""

    name: str
    location: str
    ranges: tuple[FileRange, ...]


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file of a source, by its path on the filesystem of the location."""

    location: str
    path: str
    name: str  # its path below the source without extension; empty where it is the source
    size: int  # bytes
    changed: int  # nanoseconds since 1970; 0 where the filesystem doesn't know


@dataclass(frozen=True, kw_only=True)
class ShardPlan:
    """All shards in the order of the sources, and a description of the sources they depend on."""

    shards: tuple[FileShard, ...]
    files: int
    hidden: int  # files whose names, or folders' names, begin with `_` or `.`
    sources: tuple[dict[str, Any], ...]  # location, size and fingerprint, for the job's config


def plan_shards(sources: Sequence[str], format: str = AUTO) -> ShardPlan:
    """List the files of the sources, sorted in each, and cut them into shards.

    Args:
        sources: files and folders, in the order in which the first of two equal ids is kept.
        format: the format of all files, or `auto` to detect that of each.

    Raises:
        UserError: a source isn't there or can't be listed, there are no files, or no such format.
    """
    if format not in (AUTO, *FORMATS):
        raise UserError(f"--format {format}: it is {AUTO} or one of {', '.join(FORMATS)}")
    files: list[SourceFile] = []
    described, hidden = [], 0
    doing("listing files")
    for source in sources:
        listed, skipped = list_files(storage.absolute(source))
        files += listed
        hidden += skipped
        described.append(_describe(storage.absolute(source), listed))
    if not files:
        raise UserError(f"no files in {', '.join(sources)}")
    # By the sources alone, not by the workers: a job that is continued has the same shards.
    target = sum(file.size for file in files) // TARGET_SHARDS
    groups = _group(files, format, min(max(target, MIN_BYTES), MAX_BYTES))
    shards = tuple(
        FileShard(name=f"part-{i:06d}", location=location, ranges=tuple(ranges))
        for i, (location, ranges) in enumerate(groups)
    )
    return ShardPlan(shards=shards, files=len(files), hidden=hidden, sources=tuple(described))


def list_files(source: str) -> tuple[list[SourceFile], int]:
    """Return the files of a source, sorted by path, and the number of hidden ones.

    Raises:
        UserError: it isn't there or can't be listed.
    """
    filesystem, root = storage.locate(source)
    try:
        info = filesystem.get_file_info(root)
        if info.type == fs.FileType.NotFound:
            raise UserError(f"{source} isn't there")
        if info.type != fs.FileType.Directory:
            return [_source_file(source, info, "")], 0
        infos = filesystem.get_file_info(fs.FileSelector(root, recursive=True))
    except OSError as error:
        raise UserError(f"{source} can't be listed: {storage.describe_error(error)}") from None
    # A filesystem lists in any order, and the order decides which of two equal ids is kept.
    files = sorted((i for i in infos if i.type != fs.FileType.Directory), key=lambda i: i.path)
    row_folders = {posixpath.dirname(i.path) for i in files if i.extension == "parquet"}
    # The summary of a corpus lies beside its rows and holds no drawing.
    summaries = {posixpath.join(folder, "summary.json") for folder in row_folders}
    shown = [
        i
        for i in files
        # Relative to the source, because the folders above it may have hidden names.
        if not _is_hidden(posixpath.relpath(i.path, root)) and i.path not in summaries
    ]
    return [_source_file(source, i, root) for i in shown], len(files) - len(shown)


def _source_file(location: str, info: fs.FileInfo, root: str) -> SourceFile:
    name = str(PurePosixPath(posixpath.relpath(info.path, root)).with_suffix("")) if root else ""
    return SourceFile(
        location=location,
        path=info.path,
        name=name,
        size=info.size or 0,
        changed=info.mtime_ns or 0,
    )


def _is_hidden(path: str) -> bool:
    return any(name.startswith(("_", ".")) for name in path.split("/"))


def _describe(source: str, files: Sequence[SourceFile]) -> dict[str, Any]:
    # Of sizes and times, not of contents: a hundred gigabytes aren't read twice.
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        digest.update(f"{file.path}\0{file.size}\0{file.changed}\n".encode())
    size = sum(file.size for file in files)
    return {"source": source, "files": len(files), "bytes": size, "digest": digest.hexdigest()}


def _group(
    files: Sequence[SourceFile], format: str, target: int
) -> Iterator[tuple[str, list[FileRange]]]:
    """Yield location and ranges of each shard: small files together, big ones cut, by size.

    Args:
        files: all files, in order.
        format: their format, or `auto`.
        target: bytes of a shard.
    """
    ranges: list[FileRange] = []
    location, size = "", 0
    for file in files:
        is_big = file.size > target
        # The location of a shard must give access to all of its files.
        moved = _filesystem_of(file.location) != _filesystem_of(location)
        is_full = is_big or moved or size + file.size > target or len(ranges) >= MAX_FILES
        if ranges and is_full:
            yield location, ranges
            ranges, size = [], 0
        location = file.location
        whole = FileRange(path=file.path, format=format, name=file.name)
        if is_big:
            for file_range in _cut(file, whole, target):
                yield location, [file_range]
        else:
            ranges.append(whole)
            size += file.size
    if ranges:
        yield location, ranges


def _filesystem_of(location: str) -> str:
    scheme, separator, rest = location.partition("://")
    return f"{scheme}://{rest.split('/')[0]}" if separator else ""


def _cut(file: SourceFile, whole: FileRange, target: int) -> Iterable[FileRange]:
    filesystem, _ = storage.locate(file.location)
    name = whole.format if whole.format != AUTO else sniff(file.path, filesystem)
    ranges_by = FORMATS[name].ranges_by if name in FORMATS else None
    if name is not None and ranges_by is not None:
        whole = replace(whole, format=name)
    if ranges_by == "lines":
        # Anywhere: a line belongs to the range in which it begins.
        starts = list(range(0, file.size, target))
        ends: list[int | None] = [*starts[1:], None]
        return [replace(whole, start=a, end=b) for a, b in zip(starts, ends, strict=True)]
    if ranges_by == "row_groups":
        return [replace(whole, start=a, end=b) for a, b in _row_groups(file, filesystem, target)]
    return [whole]


def _row_groups(
    file: SourceFile, filesystem: fs.FileSystem, target: int
) -> list[tuple[int, int | None]]:
    """Return ranges of row groups of about `target` bytes; all in one where it is damaged."""
    try:
        with filesystem.open_input_file(file.path) as stream:
            metadata = pq.ParquetFile(stream).metadata
    except (pa.ArrowException, OSError):
        storage.raise_if_unreachable(filesystem, file.path)
        return [(0, None)]  # reading it will reject it with the reason
    sizes = [_compressed_bytes(metadata.row_group(i)) for i in range(metadata.num_row_groups)]
    ranges: list[tuple[int, int | None]] = []
    start, total = 0, 0
    for i, size in enumerate(sizes):
        # A range has one group at least, however large that is.
        if i > start and total + size > target:
            ranges.append((start, i))
            start, total = i, 0
        total += size
    # A file without row groups has a range as well, so that its reader reports on it.
    return [*ranges, (start, max(len(sizes), start + 1))]


def _compressed_bytes(group: Any) -> int:
    return sum(group.column(i).total_compressed_size for i in range(group.num_columns))
