"""Find the format of a file by its contents."""

from __future__ import annotations

import re
import zlib
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
from pyarrow import fs

from instancesketch.core import storage
from instancesketch.core.errors import SketchError
from instancesketch.formats import json_values
from instancesketch.formats.archives import Archive
from instancesketch.formats.readers import npz, picture, spg
from instancesketch.formats.readers.programs import xournal
from instancesketch.formats.readers.quickdraw_files import is_kaggle_header
from instancesketch.formats.records import Rejection

COMPANION = "companion"  # a file that lies beside drawings and holds none

# A list of objects that begin like tasks of Label Studio, of this package or not.
_TASKS = re.compile(
    r'\[\s*\{\s*"(id|data|annotations|predictions)"\s*:(?=.*"(data|annotations|predictions)")', re.S
)
# What its JSON-MIN has in every object: named as such by the reader.
_JSON_MIN = re.compile(r'\[\s*\{(?=.*"(annotation_id|annotator|lead_time|vectorlabels)"\s*:)', re.S)
_EXCALIDRAW = re.compile(r'^\{[^{[]*"type"\s*:\s*"excalidraw')
_TLDRAW = re.compile(r'^\{[^{[]*"tldrawFileFormatVersion"\s*:')
_FORMAT_OF_ROOT = {"svg": "svg", "annotations": "cvat", "ink": "inkml", "xournal": "xournal"}
_ROOT = re.compile(rf"<(?:\w+:)?({'|'.join(_FORMAT_OF_ROOT)})[\s>/]")
_LIST_OF_OBJECTS = re.compile(r"\[\s*\{")
_KEYS = re.compile(r'"(lines|segments|drawing|scene_id|word)"\s*:')
# The first drawing may be longer: what is cut off is guessed from the keys that are there.
_HEAD_BYTES = 1 << 16
_XOURNALS = (".xopp", ".xoj")
_COMPANION_SUFFIXES = {".txt", ".csv", ".tsv", ".md", ".rst", ".toml", ".yaml", ".yml", ".cfg"}
_COMPANION_NAMES = {
    "license",
    "licence",
    "copying",
    "notice",
    "readme",
    "summary.json",
    # `write` puts these beside files for CVAT and Label Studio.
    "cvat-labels.json",
    "label-studio.xml",
}
# Used only if the contents decide nothing, so that the reader can give the reason.
_FORMAT_OF_SUFFIX = {
    ".json": "json",
    ".ndjson": "quickdraw",
    ".jsonl": "quickdraw",
    ".npz": "npz",
    ".npy": "npz",
    ".parquet": "corpus",
    ".excalidraw": "excalidraw",
    ".tldr": "tldraw",
    ".inkml": "inkml",
    ".xopp": "xournal",
    ".xoj": "xournal",
    ".svg": "svg",
}


def sniff(path: str, filesystem: fs.FileSystem, pictures: bool = False) -> str | None:
    """Return the name of a file's format, or `COMPANION`, or None if it is in no known one.

    `explain_unknown` gives the reason for None. Pictures have a format only where they are asked
    for: most that lie beside drawings show what the files of the drawings hold.
    """
    name = PurePosixPath(path).name.lower()
    suffix = PurePosixPath(name).suffix
    # Decided by the name alone, since text files can contain anything.
    if name in _COMPANION_NAMES or suffix in _COMPANION_SUFFIXES - {".csv"}:
        return COMPANION
    try:
        head = _read_head(path, filesystem)
    except (OSError, pa.ArrowException):
        storage.raise_if_unreachable(filesystem, path)
        return None
    if suffix == ".csv":
        first = head.decode("utf-8-sig", "replace").partition("\n")[0]
        return "kaggle" if is_kaggle_header(first) else COMPANION
    if head.startswith(xournal.GZIP):
        return "xournal" if _ROOT.search(_unzip(head)) or suffix in _XOURNALS else None
    if not head.strip():
        return None
    if picture.is_picture(head):
        return "picture" if pictures else None
    if head.startswith(b"PAR1"):
        return "corpus"
    if head.startswith(npz.NPY_MAGIC):
        return "npz"
    if head.startswith(b"PK"):
        return _sniff_zip(path, suffix, filesystem)
    text = head.decode("utf-8-sig", "replace").lstrip()
    found = _sniff_xml(text) if text.startswith("<") else _sniff_json(text, path, filesystem)
    return found or _FORMAT_OF_SUFFIX.get(suffix)


def explain_unknown(path: str, filesystem: fs.FileSystem) -> Rejection:
    """Return the rejection of a file for which `sniff` returned None."""
    try:
        head = _read_head(path, filesystem)
        if not head.strip():
            reason = "the file is empty"
        elif head.startswith(xournal.GZIP):
            reason = "compressed with gzip; unpack it first"
        elif picture.is_picture(head):
            reason = picture.NOT_ASKED
        else:
            reason = "in no format that can be read"
    except (OSError, pa.ArrowException) as error:
        storage.raise_if_unreachable(filesystem, path)
        reason = f"can't be read: {storage.describe_error(error)}"
    return Rejection(file=path, position="", reason=reason)


def _read_head(path: str, filesystem: fs.FileSystem) -> bytes:
    with filesystem.open_input_stream(path, compression=None) as stream:
        head: bytes = stream.read(_HEAD_BYTES)
    return head


def _unzip(head: bytes) -> str:
    """Return the first text in gzip; empty where it is damaged."""
    try:
        data = zlib.decompressobj(31).decompress(head, _HEAD_BYTES)
    except zlib.error:
        return ""
    return data.decode("utf-8-sig", "replace") if b"<xournal" in data else ""


def _sniff_zip(path: str, suffix: str, filesystem: fs.FileSystem) -> str:
    """Return the format of a zip by the names in it; its reader gives the reason if it has none."""
    try:
        with filesystem.open_input_file(path) as stream:
            names = [m.filename.lower() for m in Archive(stream, 0).members]
    except SketchError:
        return "npz" if suffix == ".npz" else "cvat"
    if any(name.endswith(".npy") for name in names):
        return "npz"
    return "npz" if suffix == ".npz" else "cvat"


def _sniff_xml(text: str) -> str | None:
    # A declaration, comments or a document type may stand before the root.
    root = _ROOT.search(text)
    return root and _FORMAT_OF_ROOT[root[1]]


def _sniff_json(text: str, path: str, filesystem: fs.FileSystem) -> str | None:
    if _EXCALIDRAW.search(text):
        return "excalidraw"
    if _TLDRAW.search(text):
        return "tldraw"
    if _TASKS.match(text) or _JSON_MIN.match(text):
        return "labelstudio"
    keys = set(_KEYS.findall(text))
    if _LIST_OF_OBJECTS.match(text):
        return "quickdraw-json" if "drawing" in keys else None
    # The first lines of a file may be broken ones.
    for line in text.splitlines()[:100]:
        try:
            data: dict[str, Any] = json_values.load_object(line.encode())
        except (SketchError, UnicodeEncodeError):
            continue
        if isinstance(data.get("drawing"), list):
            found = _sniff_drawing(data, path, filesystem)
            # Without an id a line among others can't be told from them; a file of one can.
            is_alone = path.lower().endswith(".json") and line.strip() == text.strip()
            is_unnamed = found == "quickdraw" and "key_id" not in data
            return "quickdraw-json" if is_alone and is_unnamed else found
        if "lines" in data:
            return "json"
    if not text.startswith("{"):
        return None
    # No object ends within a line of the head: its keys must do.
    if "drawing" in keys:
        found = _sniff_drawing(dict.fromkeys(keys, ""), path, filesystem)
        # Indented, unless the first line is just a very long one.
        first, end, _ = text.partition("\n")
        is_indented = end and first.rstrip().endswith(("{", ",", "[", ":"))
        return "quickdraw-json" if is_indented and found != "spg" else found
    return "json" if "lines" in keys else None


def _sniff_drawing(data: dict[str, Any], path: str, filesystem: fs.FileSystem) -> str:
    if "scene_id" in data:
        return "scenes"
    if "word" in data:  # the raw form of Quick, Draw!, whose third list is the time
        return "quickdraw"
    # Where the first line doesn't end within the head, its strokes are unknown.
    stroke = data["drawing"][0] if data["drawing"] else [[], [], []]
    has_third = isinstance(stroke, list) and len(stroke) > 2
    return "spg" if has_third and spg.is_spg_name(path, filesystem) else "quickdraw"
