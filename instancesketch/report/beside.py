"""Files beside a page, with the pictures of the drawings that it has no room for.

They are scripts, since a page that is opened from disk may load a script but no other file.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from instancesketch.core import storage

# A screen of drawings in any order loads as many files at most as it has drawings.
EACH = 250
_NAME = re.compile(r"drawings-\d+\.js")


class Beside:
    """The folder of a page's other files: `report-drawings` beside `report.html`."""

    def __init__(self, page: str) -> None:
        """Choose the folder; it is made with the first file.

        Args:
            page: the location of the page.
        """
        folder, slash, name = storage.absolute(page).rpartition("/")
        stem = posixpath.splitext(name)[0]
        self._location = f"{folder}{slash}{stem}-drawings"
        self.address = quote(f"{stem}-drawings")  # as the page finds it
        self._written: set[str] = set()

    def write(self, stamp: str, number: int, pictures: Sequence[dict[str, Any]]) -> None:
        """Write the file of one number.

        Args:
            stamp: that of the page, which takes no other page's drawings.
            number: of the file, from 0.
            pictures: what the page's entries lack, in the order of the page.

        Raises:
            UserError: it can't be written.
        """
        name = f"drawings-{number}.js"
        data = json.dumps(pictures, separators=(",", ":"))
        storage.write_text(
            storage.join(self._location, name),
            f"instanceSketchDrawings({json.dumps(stamp)},{number},{data});\n",
        )
        self._written.add(name)

    def remove_others(self) -> None:
        """Remove the files that an earlier page of this name has left."""
        for name in storage.list_names(self._location):
            if _NAME.fullmatch(name) and name not in self._written:
                storage.remove(storage.join(self._location, name))
