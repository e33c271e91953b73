"""Where files lie: local folders and whatever else pyarrow's filesystems take, such as s3://.

A location is a string: a local path or a URI. Files appear whole or not at all, which on a disk
takes a second name and a rename; object stores show an object only when all of it is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.fs as fs

from instancesketch.core.errors import PassingError, UserError

_LONGEST_NAME = 200  # bytes; file systems take 255
# Where there are no credentials, Google's client would go on asking for a quarter of an hour.
_GCS_PATIENCE = "?retry_limit_seconds=30"


def locate(location: str) -> tuple[fs.FileSystem, str]:
    """The filesystem of a location and the path in it; local paths become absolute.

    Raises:
        UserError: no filesystem takes it.
    """
    if "://" not in location:
        return fs.LocalFileSystem(), os.path.abspath(os.path.expanduser(location))
    uri = location
    if location.startswith(("gs://", "gcs://")) and "?" not in location:
        uri += _GCS_PATIENCE
    try:
        filesystem, path = fs.FileSystem.from_uri(uri)
    except (pa.ArrowException, ImportError, OSError) as error:
        raise UserError(
            f"{location}: no filesystem takes this location: {reason_of(error)}"
        ) from None
    return filesystem, path


def reason_of(error: Exception) -> str:
    """What a filesystem says of a failure, in one line."""
    code = error.errno if isinstance(error, OSError) else None
    if code:
        return os.strerror(code)
    line = str(error).split("\n")[0]
    said = re.search(r"AWS Error .*?(?= \(Request ID|$)", line)
    return said[0] if said else line[:300]


@contextmanager
def fault_of(location: str, what: str) -> Iterator[None]:
    """Makes what a filesystem says a user's mistake, with the location's name."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise PassingError(f"{location} {what}: {reason_of(error)}") from None


def absolute(location: str) -> str:
    """The location in one spelling: URIs without a slash at the end, local paths from the root."""
    return location.rstrip("/") if "://" in location else locate(location)[1]


def join(location: str, *names: str) -> str:
    """A location below another."""
    return posixpath.join(location, *names)


def is_within(inner: str, outer: str) -> bool:
    """Whether one absolute location is the other or lies below it."""
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def names_in(location: str) -> list[str]:
    """The names directly in a folder, sorted; none where there is no folder.

    Raises:
        UserError: the folder can't be read.
    """
    filesystem, path = locate(location)
    with fault_of(location, "can't be listed"):
        found = filesystem.get_file_info(fs.FileSelector(path, allow_not_found=True))
    # An object store may show the marker of a folder among what is in it.
    return sorted(info.base_name for info in found if info.path.rstrip("/") != path.rstrip("/"))


def exists(location: str) -> bool:
    """Whether there is a file or a folder."""
    return bool(_kind(location) != fs.FileType.NotFound)


def is_folder(location: str) -> bool:
    """Whether there is a folder."""
    return bool(_kind(location) == fs.FileType.Directory)


def is_file(location: str) -> bool:
    """Whether there is a file."""
    return bool(_kind(location) == fs.FileType.File)


def _kind(location: str) -> fs.FileType:
    filesystem, path = locate(location)
    with fault_of(location, "can't be looked at"):
        return filesystem.get_file_info(path).type


def write_whole(location: str, write: Callable[[str], None]) -> None:
    """Lets `write` fill a local file by its path, and puts it in its place whole.

    Raises:
        UserError: the place can't be written.
    """
    filesystem, path = locate(location)
    with fault_of(location, "can't be written"):
        if isinstance(filesystem, fs.LocalFileSystem):
            _write_local(path, write)
            return
        with tempfile.TemporaryDirectory() as folder:
            temporary = os.path.join(folder, "whole")
            write(temporary)
            filesystem.create_dir(posixpath.dirname(path), recursive=True)
            fs.copy_files(temporary, path, fs.LocalFileSystem(), filesystem)


def _write_local(path: str, write: Callable[[str], None]) -> None:
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    # Begins with `_`, so that no reader of the folder takes it for rows.
    temporary = os.path.join(folder, f"_{name}.{uuid.uuid4().hex}.tmp")
    try:
        write(temporary)
        with open(temporary, "rb") as stream:
            os.fsync(stream.fileno())  # a rename that outlives a power cut must not name a hole
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def unfinished(location: str) -> list[str]:
    """Names in a folder of what was being written when a process was stopped."""
    return [name for name in names_in(location) if re.fullmatch(r"_.*\.[0-9a-f]{32}\.tmp", name)]


def write_text(location: str, text: str) -> None:
    """Writes a text file whole."""
    write_whole(location, lambda path: _write(path, text))


def _write(path: str, text: str) -> None:
    Path(path).write_text(text, "utf-8")


def write_json(location: str, value: Any) -> None:
    """Writes a value as JSON, whole."""
    write_text(location, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_bytes(location: str) -> bytes:
    """What a file holds.

    Raises:
        UserError: it can't be read.
    """
    filesystem, path = locate(location)
    with (
        fault_of(location, "can't be read"),
        filesystem.open_input_stream(path, compression=None) as stream,
    ):
        return bytes(stream.read())


def read_json(location: str) -> Any:
    """What a JSON file holds, or None where there is no file.

    Raises:
        UserError: the file holds no JSON.
    """
    filesystem, path = locate(location)
    try:
        with filesystem.open_input_stream(path, compression=None) as stream:
            return json.loads(stream.read())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PassingError(f"{location} can't be read: {reason_of(error)}") from None
    except ValueError as error:
        raise UserError(f"{location} can't be read: {reason_of(error)}") from None


def move(source: str, target: str) -> None:
    """Renames a file; on an object store, copies it whole and removes the first.

    Raises:
        UserError: it can't be done.
    """
    filesystem, path = locate(source)
    with fault_of(source, "can't be moved"):
        filesystem.move(path, locate(target)[1])


def remove(location: str) -> None:
    """Removes a file or a folder with all it holds, if it is there.

    Raises:
        UserError: it can't be removed.
    """
    filesystem, path = locate(location)
    # Whoever removes it first, it is gone.
    with fault_of(location, "can't be removed"), suppress(FileNotFoundError):
        kind = filesystem.get_file_info(path).type
        if kind == fs.FileType.Directory:
            filesystem.delete_dir(path)
        elif kind != fs.FileType.NotFound:
            filesystem.delete_file(path)


def file_name(text: str) -> str:
    """A name that any file system takes: reversible by `urllib.parse.unquote`, unless very long."""
    name = quote(text, safe=" ")
    if name[0] in "._ ":  # hidden, private, or the way up
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if len(name) > _LONGEST_NAME:
        digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        name = f"{name[: _LONGEST_NAME - 20]}-{digest}"
    return name
