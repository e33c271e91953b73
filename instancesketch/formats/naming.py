"""Names of files for what has any text as its name."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

_LONGEST_NAME = 200  # bytes; file systems take 255


def file_name(text: str) -> str:
    """A name that any file system takes: reversible by `urllib.parse.unquote`, unless very long."""
    name = quote(text, safe=" ")
    if name[0] in "._ ":  # hidden, private, or the way up
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if len(name) > _LONGEST_NAME:
        digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        name = f"{name[: _LONGEST_NAME - 20]}-{digest}"
    return name
