"""SPG ndjson (K. Li et al., "Universal Sketch Perceptual Grouping", ECCV 2018).

Files are named `<class>_train.ndjson`, `_valid` or `_test`, which is the official split, or just
`<class>.ndjson`, and lie beside `<class>.txt`, whose lines name the parts. Each stroke has a third
list, the part of each of its points as an index into those lines; the stroke gets the most frequent
one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import join_strokes
from instancesketch.formats import json_values
from instancesketch.formats.ndjson import read_file, read_objects
from instancesketch.formats.records import FileRange, RawRecord, Rejection

# A class may have underscores in its name, so the split is the last word alone.
_NAME = re.compile(r"(?P<folder>.*/)?(?P<category>[^/]+?)(_(?P<split>train|valid|test))?\.[^./]+")
# A list of parts is short: anything longer is another file.
_MAX_PART_FILE_BYTES = 1 << 16


def is_spg_name(path: str, filesystem: fs.FileSystem) -> bool:
    """Return whether a file is named for a split, or lies beside a `.txt` of its name."""
    name = _NAME.fullmatch(path)
    if name is None:
        return False
    # The split's suffix suffices: a missing `.txt` is then named as the reason.
    return name["split"] is not None or filesystem.get_file_info(_part_file(name)).is_file


def _part_file(name: re.Match[str]) -> str:
    return f"{name['folder'] or ''}{name['category']}.txt"


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawings of a file."""
    try:
        parser = _Parser.of_file(file_range.path, filesystem)
    except SketchError as error:
        # Once for the file: no line of it can be read without the parts.
        return iter([Rejection(file=file_range.path, position="", reason=str(error))])
    return read_objects(file_range, filesystem, max_record_bytes, parser.parse)


@dataclass(frozen=True)
class _Parser:
    """A parser of the lines of one file."""

    category: str
    split: str | None
    parts: list[str]

    @classmethod
    def of_file(cls, path: str, filesystem: fs.FileSystem) -> _Parser:
        """Return the parser with the split of the file's name and the parts of the `.txt`.

        Raises:
            SketchError: the name is not one of SPG, or the `.txt` can't be read.
        """
        name = _NAME.fullmatch(path)
        if name is None:
            raise SketchError("not named <class>_train.ndjson, _valid or _test, as SPG's files are")
        part_file = _part_file(name)
        try:
            text = read_file(filesystem, part_file, _MAX_PART_FILE_BYTES).decode()
        except FileNotFoundError:
            raise SketchError(f"no {name['category']}.txt beside it to name the parts") from None
        except UnicodeDecodeError:
            raise SketchError(f"{part_file}, which names the parts, is not UTF-8") from None
        parts = [line.strip() for line in text.splitlines() if line.strip()]
        return cls(name["category"], name["split"], parts)

    def parse(self, data: dict[str, Any], position: str) -> RawRecord:
        """Return the record of one line's object.

        Raises:
            SketchError: the object is not a drawing.
        """
        strokes, rest = json_values.as_columns(data.get("drawing"))
        fields = {
            "sketch_id": json_values.as_id(data.get("key_id"), "key_id"),
            "source": json_values.as_text(data.get("source"), "source"),
            "category": self.category,
            "split": self.split,
            "label": tuple(self._label(i, lists) for i, lists in enumerate(rest)),
        }
        return RawRecord(
            fields=fields | join_strokes(strokes), position=position, word=self.category
        )

    def _label(self, stroke: int, lists: list[Any]) -> str:
        if not lists:
            raise SketchError(f"stroke {stroke} has no third list, of parts")
        indices = json_values.as_integers(lists[0], f"the parts of stroke {stroke}", 0)
        if not indices:
            raise SketchError(f"stroke {stroke} has no points")
        # The points of a few strokes belong to several parts.
        index, _ = Counter(indices).most_common(1)[0]
        highest = max((i for i in indices if i is not None), default=-1)
        # One index out of range shows that the `.txt` doesn't fit, even where another is chosen.
        if index is None or highest >= len(self.parts):
            raise SketchError(
                f"stroke {stroke} has part {highest}; the .txt names {len(self.parts)}"
            )
        return self.parts[index]
