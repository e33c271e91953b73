"""Files of drawings, read as sketches and written from them: one module per format.

| format      | files                            | read | written | split by   | taxonomy |
|-------------|----------------------------------|------|---------|------------|----------|
| `json`      | published JSON, one per drawing  | yes  | yes     |            | doodle7  |
| `cvat`      | CVAT XML 1.1, or its zip         | yes  | yes     |            | doodle7  |
| `labelstudio` | Label Studio JSON              | yes  | yes     |            | doodle7  |
| `quickdraw` | Quick, Draw! ndjson              | yes  | yes     | lines      |          |
| `quickdraw-json` | the same as ordinary JSON   | yes  |         |            |          |
| `kaggle`    | Quick, Draw! CSV of Kaggle       | yes  |         | lines      |          |
| `spg`       | SPG ndjson beside its `.txt`     | yes  |         | lines      | spg20    |
| `scenes`    | scene ndjson                     | yes  |         | lines      |          |
| `npz`       | sketch-rnn stroke-3 and stroke-5 | yes  |         |            |          |
| `svg`       | SVG, one per drawing             | yes  | yes     |            |          |
| `excalidraw` | Excalidraw, one per drawing     | yes  |         |            |          |
| `tldraw`    | tldraw, a drawing per page       | yes  |         |            |          |
| `inkml`     | InkML, one per drawing           | yes  |         |            |          |
| `xournal`   | Xournal++, a drawing per page    | yes  |         |            |          |
| `picture`   | PNG, JPEG, …, with `--trace`     | yes  |         |            |          |
| `corpus`    | Parquet of a corpus or a result  | yes  |         | row groups |          |

To add a format:

1. Write a module in `readers/`, and one in `writers/` if the format is to be written. Add each to
   the imports and `__all__` of its folder's `__init__`.
2. Add the format to `FORMATS` in `registry`, and to the tables above and below.
3. If files are to be recognised by their contents, add that to `sniff`.
4. Describe the format in `docs/formats.md`.

A file that is written reads back as the same sketches, but for columns that a format can't hold:

| format      | lost                                                                             |
|-------------|----------------------------------------------------------------------------------|
| all         | `error`, all scores, the second guesses `part_2`, `category_2`, and `pieces`     |
| `json`      | `part`, which the taxonomy derives from the label                                |
| `cvat`      | `part`, as above; characters that XML can't hold (most of U+0000 to U+001F)      |
| `labelstudio` | `part`, as above                                                               |
| `quickdraw` | a `word` that is null reads as the category                                      |
| `svg`       | an `instance` list with only nulls reads as null; characters as for `cvat`       |

This holds for labels and categories that the taxonomy used for reading has.
"""

from __future__ import annotations

from instancesketch.formats.labels import build_sketch
from instancesketch.formats.records import (
    MAX_RECORD_BYTES,
    FileRange,
    RawRecord,
    Record,
    Rejection,
    RowBatch,
)
from instancesketch.formats.registry import (
    EXPORTABLE,
    FORMATS,
    WRITABLE,
    Format,
    folders_above,
    read,
    read_unlabelled,
    write,
)
from instancesketch.formats.sniff import COMPANION, explain_unknown, sniff

__all__ = [
    "COMPANION",
    "EXPORTABLE",
    "FORMATS",
    "MAX_RECORD_BYTES",
    "WRITABLE",
    "FileRange",
    "Format",
    "RawRecord",
    "Record",
    "Rejection",
    "RowBatch",
    "build_sketch",
    "explain_unknown",
    "folders_above",
    "read",
    "read_unlabelled",
    "sniff",
    "write",
]
