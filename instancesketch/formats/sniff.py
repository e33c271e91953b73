"""Which format a file is in, found by looking into it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
from pyarrow import fs

from instancesketch.core import storage
from instancesketch.core.errors import SketchError
from instancesketch.formats import json_values
from instancesketch.formats.readers import spg
from instancesketch.formats.records import Rejection

COMPANION = "companion"  # belongs to a set of drawings and holds none

# A list of objects that begin as tasks of Label Studio do, here or there.
_TASKS = re.compile(
    r'\[\s*\{\s*"(id|data|annotations|predictions)"\s*:(?=.*"(data|annotations|predictions)")', re.S
)
_HEAD_BYTES = 1 << 16
_COMPANION_SUFFIXES = {".txt", ".csv", ".tsv", ".md", ".rst", ".toml", ".yaml", ".yml", ".cfg"}
_COMPANION_NAMES = {
    "license",
    "licence",
    "copying",
    "notice",
    "readme",
    "summary.json",
    # Beside what is written for CVAT and for Label Studio.
    "cvat-labels.json",
    "label-studio.xml",
}
# Believed only where the contents say nothing, so that their reader says what is wrong with them.
_SUFFIXES = {
    ".json": "json",
    ".ndjson": "quickdraw",
    ".jsonl": "quickdraw",
    ".npz": "npz",
    ".parquet": "corpus",
    ".svg": "svg",
}


def sniff(path: str, filesystem: fs.FileSystem) -> str | None:
    """Tells a file's format, `COMPANION` for what only stands beside drawings, or None.

    Why None, `unknown` says.
    """
    name = PurePosixPath(path).name.lower()
    if name in _COMPANION_NAMES or PurePosixPath(name).suffix in _COMPANION_SUFFIXES:
        return COMPANION
    try:
        head = _head(path, filesystem)
    except (OSError, pa.ArrowException):
        storage.raise_if_unreachable(filesystem, path)
        return None
    if not head.strip() or head.startswith(b"\x1f\x8b"):
        return None
    if head.startswith(b"PAR1"):
        return "corpus"
    if head.startswith(b"PK"):
        return "npz"
    text = head.decode("utf-8-sig", "replace").lstrip()
    if text.startswith("<"):
        return _xml(text) or _SUFFIXES.get(PurePosixPath(name).suffix)
    return _json(text, path, filesystem) or _SUFFIXES.get(PurePosixPath(name).suffix)


def unknown(path: str, filesystem: fs.FileSystem) -> Rejection:
    """Says why a file has no format that can be read."""
    try:
        head = _head(path, filesystem)
        if not head.strip():
            reason = "the file is empty"
        elif head.startswith(b"\x1f\x8b"):
            reason = "compressed with gzip; unpack it first"
        else:
            reason = "in no format that can be read"
    except (OSError, pa.ArrowException) as error:
        storage.raise_if_unreachable(filesystem, path)
        reason = f"can't be read: {storage.describe_error(error)}"
    return Rejection(file=path, position="", reason=reason)


def _head(path: str, filesystem: fs.FileSystem) -> bytes:
    with filesystem.open_input_stream(path, compression=None) as stream:
        head: bytes = stream.read(_HEAD_BYTES)
    return head


def _xml(text: str) -> str | None:
    root = re.search(r"<(?:\w+:)?(svg|annotations)[\s>/]", text)
    return root and {"svg": "svg", "annotations": "cvat"}[root[1]]


def _json(text: str, path: str, filesystem: fs.FileSystem) -> str | None:
    """Looks at the first line that can be read; at the keys, where none ends within the head."""
    for line in text.splitlines()[:100]:
        try:
            data: dict[str, Any] = json_values.load_object(line.encode())
        except (SketchError, UnicodeEncodeError):
            continue
        if isinstance(data.get("drawing"), list):
            return _ndjson(data, path, filesystem)
        if "lines" in data:
            return "json"
    if _TASKS.match(text):
        return "labelstudio"
    if not text.startswith("{"):
        return None
    keys = set(re.findall(r'"(lines|segments|drawing|scene_id|word)"\s*:', text))
    if "drawing" in keys:
        return _ndjson(dict.fromkeys(keys, ""), path, filesystem)
    return "json" if "lines" in keys else None


def _ndjson(data: dict[str, Any], path: str, filesystem: fs.FileSystem) -> str:
    if "scene_id" in data:
        return "scenes"
    if "word" in data:  # then a third list is the time
        return "quickdraw"
    # Of a first line too long for the head no stroke is known.
    stroke = data["drawing"][0] if data["drawing"] else [[], [], []]
    has_third = isinstance(stroke, list) and len(stroke) > 2
    return "spg" if has_third and spg.is_named_so(path, filesystem) else "quickdraw"
