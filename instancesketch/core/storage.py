"""Files and folders, local or on whatever else pyarrow's filesystems take, such as s3://.

A location is a string: a local path or a URI. Files are written atomically: other processes see a
file complete or not at all.
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
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.fs as fs

from instancesketch.core.errors import TransientError, UserError

_MAX_NAME_BYTES = 200  # file systems take 255; suffixes and temporary names need some
_CHUNK_BYTES = 1 << 20
# Without credentials Google's client would retry for a quarter of an hour.
_GCS_RETRY_LIMIT = "?retry_limit_seconds=30"


def locate(location: str) -> tuple[fs.FileSystem, str]:
    """Return the filesystem of a location and the path on it; local paths become absolute.

    Raises:
        UserError: no filesystem takes the location.
    """
    if "://" not in location:
        # Workers may have another working directory.
        return fs.LocalFileSystem(), os.path.abspath(os.path.expanduser(location))
    uri = location
    if location.startswith(("gs://", "gcs://")) and "?" not in location:
        uri += _GCS_RETRY_LIMIT
    try:
        filesystem, path = fs.FileSystem.from_uri(uri)
    except (pa.ArrowException, ImportError, OSError) as error:
        raise UserError(
            f"{location}: no filesystem takes this location: {describe_error(error)}"
        ) from None
    return filesystem, path


def describe_error(error: Exception) -> str:
    """Return a filesystem's error as one line without its location."""
    code = error.errno if isinstance(error, OSError) else None
    if code:
        # The error's own text repeats the path, which the caller gives already.
        return os.strerror(code)
    line = str(error).split("\n")[0]
    # The AWS client puts the request before its error, and identifiers of the server after it.
    aws = re.search(r"AWS Error .*?(?= \(Request ID|$)", line)
    return aws[0] if aws else line[:300]


@contextmanager
def translate_errors(location: str, problem: str) -> Iterator[None]:
    """Turn errors of the filesystem into `TransientError` with the location and the problem."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise TransientError(f"{location} {problem}: {describe_error(error)}") from None


def absolute(location: str) -> str:
    """Return the one spelling of a location: URIs without a final slash, local paths absolute."""
    # Configs are compared as text, so one folder must have one spelling.
    return location.rstrip("/") if "://" in location else locate(location)[1]


def join(location: str, *names: str) -> str:
    """Return a location below another."""
    return posixpath.join(location, *names)


def is_within(inner: str, outer: str) -> bool:
    """Return whether one absolute location equals the other or lies below it."""
    # The slash keeps `/ab` from counting as below `/a`.
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def list_names(location: str) -> list[str]:
    """Return the names directly in a folder, sorted; an empty list if the folder doesn't exist.

    Raises:
        UserError: the folder can't be read.
    """
    filesystem, path = locate(location)
    selector = fs.FileSelector(path, allow_not_found=True)
    with translate_errors(location, "can't be listed"):
        try:
            found = filesystem.get_file_info(selector)
        except FileNotFoundError:  # another process made it at this moment
            found = filesystem.get_file_info(selector)
    # An object store may list the marker object of the folder itself.
    return sorted(info.base_name for info in found if info.path.rstrip("/") != path.rstrip("/"))


def exists(location: str) -> bool:
    """Return whether there is a file or a folder."""
    return _file_type(location) != fs.FileType.NotFound


def is_folder(location: str) -> bool:
    """Return whether there is a folder."""
    return _file_type(location) == fs.FileType.Directory


def is_file(location: str) -> bool:
    """Return whether there is a file."""
    return _file_type(location) == fs.FileType.File


def _file_type(location: str) -> int:
    filesystem, path = locate(location)
    with translate_errors(location, "can't be looked at"):
        file_type: int = filesystem.get_file_info(path).type
    return file_type


def write_atomically(location: str, write: Callable[[str], None]) -> None:
    """Write a file so that others see it complete or not at all.

    Args:
        location: where the file is to be; its folders are made.
        write: fills the local file whose path it is given.

    Raises:
        UserError: the location can't be written.
    """
    filesystem, path = locate(location)
    with translate_errors(location, "can't be written"):
        if isinstance(filesystem, fs.LocalFileSystem):
            _write_local(path, write)
            return
        # Object stores show an object when its upload is complete, so no rename is needed.
        with tempfile.TemporaryDirectory() as folder:
            temporary = os.path.join(folder, "whole")
            write(temporary)
            _make_folder(posixpath.dirname(location))
            fs.copy_files(temporary, path, fs.LocalFileSystem(), filesystem)


# Once per process: object stores have no folders, and it is three requests.
@lru_cache(maxsize=10_000)
def _make_folder(location: str) -> None:
    filesystem, path = locate(location)
    filesystem.create_dir(path, recursive=True)


def _write_local(path: str, write: Callable[[str], None]) -> None:
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    # Begins with `_`, so that readers of a corpus don't take the file for rows.
    temporary = os.path.join(folder, f"_{name}.{uuid.uuid4().hex}.tmp")
    try:
        write(temporary)
        with open(temporary, "rb") as stream:
            os.fsync(stream.fileno())  # after a power cut the name must not refer to lost data
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def list_unfinished(location: str) -> list[str]:
    """Return the names of temporary files that stopped processes have left in a folder."""
    return [n for n in list_names(location) if re.fullmatch(r"_.*\.[0-9a-f]{32}\.(tmp|flag)", n)]


def write_bytes(location: str, data: bytes) -> None:
    """Write a file atomically.

    Raises:
        UserError: the location can't be written.
    """
    write_atomically(location, lambda path: _write_file(path, data))


def _write_file(path: str, data: bytes) -> None:
    Path(path).write_bytes(data)


def write_text(location: str, text: str) -> None:
    """Write a text file atomically, as UTF-8."""
    write_bytes(location, text.encode())


def write_json(location: str, value: Any) -> None:
    """Write a value as JSON, atomically."""
    write_bytes(location, encode_json(value))


def encode_json(value: Any) -> bytes:
    """Return the bytes of the JSON file of a value."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def read_bytes(location: str) -> bytes:
    """Return the contents of a file.

    Raises:
        UserError: the file can't be read.
    """
    filesystem, path = locate(location)
    # Bytes as they are: by default pyarrow decompresses by the suffix of the name.
    with (
        translate_errors(location, "can't be read"),
        filesystem.open_input_stream(path, compression=None) as stream,
    ):
        return bytes(stream.read())


def read_bytes_if_there(location: str) -> bytes | None:
    """Return the contents of a file, or None where it doesn't exist.

    Raises:
        UserError: the file can't be read.
    """
    filesystem, path = locate(location)
    try:
        with filesystem.open_input_stream(path, compression=None) as stream:
            return bytes(stream.read())
    except FileNotFoundError:
        return None
    except OSError as error:
        # Of an object that is removed while it is read, pyarrow may only say that it failed.
        with suppress(UserError):
            if not exists(location):
                return None
        raise TransientError(f"{location} can't be read: {describe_error(error)}") from None


def read_json(location: str) -> Any:
    """Return the value in a JSON file, or None where the file doesn't exist.

    Raises:
        UserError: the file can't be read, or is not JSON.
    """
    data = read_bytes_if_there(location)
    try:
        return None if data is None else json.loads(data)
    except ValueError as error:
        raise UserError(f"{location} can't be read: {describe_error(error)}") from None


def raise_if_unreachable(filesystem: fs.FileSystem, path: str) -> None:
    """Raise if a remote file can't be read to its end; call it where parsing a file has failed.

    A failing network or server must not reject a file, which would then be missing from a corpus
    that looks complete. So the job stops, and continues when it is run again.

    Raises:
        UserError: the bytes of the file can't be read.
    """
    if isinstance(filesystem, fs.LocalFileSystem):
        return
    try:
        with filesystem.open_input_stream(path, compression=None) as stream:
            while stream.read(_CHUNK_BYTES):
                pass
    except OSError as error:
        raise UserError(f"{path} can't be read: {describe_error(error)}") from None


def move(source: str, target: str) -> None:
    """Rename a file; on an object store, copy it and remove the original.

    Raises:
        UserError: the file can't be moved.
    """
    filesystem, path = locate(source)
    with translate_errors(source, "can't be moved"):
        filesystem.move(path, locate(target)[1])


def remove(location: str) -> None:
    """Remove a file, or a folder with everything in it, if there is one.

    Raises:
        UserError: it can't be removed.
    """
    filesystem, path = locate(location)
    # Another process may remove it at the same time.
    with translate_errors(location, "can't be removed"), suppress(FileNotFoundError):
        file_type = filesystem.get_file_info(path).type
        if file_type == fs.FileType.Directory:
            filesystem.delete_dir(path)
        elif file_type != fs.FileType.NotFound:
            filesystem.delete_file(path)


def safe_file_name(text: str) -> str:
    """Return a file name for any text: percent-encoded, and cut with a hash where very long."""
    # Percent-encoding is reversible, so an id can be read back from the name of its file.
    name = quote(text, safe=" ")
    if name[0] in "._ ":  # hidden, private, or the folder above
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if len(name) > _MAX_NAME_BYTES:
        digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        name = f"{name[: _MAX_NAME_BYTES - 20]}-{digest}"
    return name
