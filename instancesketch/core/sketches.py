"""Several sketches: read from a file or a corpus, shown side by side in notebooks."""

from __future__ import annotations

import logging
from itertools import islice
from pathlib import PurePath
from typing import Self

from instancesketch.core import parquet
from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch

logger = logging.getLogger(__name__)


class Sketches(list[Sketch]):
    """Several sketches, which Jupyter shows side by side in the same colours."""

    @classmethod
    def from_file(
        cls, path: str | PurePath, taxonomy: str | None = None, most: int | None = None
    ) -> Self:
        """Read the drawings of a file of any format; log a warning for each that can't be read.

        Args:
            path: a file, or a URI such as `s3://bucket/cat.ndjson`.
            taxonomy: resolves labels, as with `ingest`.
            most: stop after this many drawings.

        Raises:
            UserError: the file doesn't exist, or nothing in it can be read.
        """
        # Here, because `formats` imports this folder.
        from instancesketch.formats import Rejection, loading

        read, reason = cls(), "the file holds no drawing"
        for sketch in loading.read_all(str(path), taxonomy):
            if isinstance(sketch, Rejection):
                reason = f"{sketch.position}: {sketch.reason}".removeprefix(": ")
                logger.warning("%s, %s", path, reason)
                continue
            read.append(sketch)
            if len(read) == most:
                break
        # One bad drawing among good ones is a warning; a file of bad ones alone is a mistake.
        if not read:
            raise UserError(f"nothing in {path} can be read; {reason}")
        return read

    @classmethod
    def from_corpus(cls, folder: str, split: str | None = None, most: int | None = None) -> Self:
        """Read the rows of a corpus or of a result, in order.

        Raises:
            UserError: the folder is neither.
        """
        return cls(islice(parquet.read_sketches(str(folder), split), most))

    def _repr_html_(self) -> str:
        from instancesketch.results import notebook

        return notebook.sketches_html(self)
