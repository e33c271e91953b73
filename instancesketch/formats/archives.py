"""Members of a zip, read in bounded memory and time, and never written to a disk."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import PurePosixPath

import pyarrow as pa

from instancesketch.core.errors import SketchError
from instancesketch.formats.ndjson import describe_excess

# Text of polylines shrinks to a tenth or so; what unfolds to far more was made to fill a memory.
_LARGEST_RATIO = 200
# What zipfile raises for damaged files, passwords, and compressions that it doesn't know.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    NotImplementedError,
)


class Archive:
    """A zip in a stream.

    Raises:
        SketchError: the stream is not a zip, or a name in it leads out of it.
    """

    def __init__(self, stream: pa.NativeFile, free_bytes: int) -> None:
        self._budget = free_bytes + _LARGEST_RATIO * stream.size()
        try:
            self._zip = zipfile.ZipFile(stream)
            self.members = self._zip.infolist()
        except DAMAGE as error:
            raise SketchError(f"not a zip: {error}") from None
        for member in self.members:
            refuse_climbing(member.filename)

    def open(self, member: zipfile.ZipInfo) -> MemberStream:
        """Return the stream of a member.

        Raises:
            SketchError: the members opened so far would unfold to far more than the file's size.
        """
        # Over all members, since they may share their bytes.
        self._budget -= member.file_size
        if self._budget < 0:
            raise SketchError(
                f"{member.filename[:80]!r} would unfold to {member.file_size / 2**20:,.0f} MB: "
                "a zip bomb"
            )
        return MemberStream(self._zip, member)


class MemberStream:
    """A member of a zip, read in chunks."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
        self._left = member.file_size
        try:
            self._stream = archive.open(member)
        except DAMAGE as error:
            raise SketchError(f"damaged zip: {error}") from None

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, empty at the end.

        Raises:
            SketchError: the zip is damaged.
        """
        try:
            data = self._stream.read(size)
        except DAMAGE as error:
            raise SketchError(f"damaged zip: {error}") from None
        self._left -= len(data)
        # zipfile stops at the size in the directory; this doesn't depend on it.
        if self._left < 0:
            raise SketchError("damaged zip: a member is longer than the zip says")
        return data

    def read_all(self, max_bytes: int) -> bytes:
        """Return the whole member.

        Raises:
            SketchError: it is damaged, or larger than `max_bytes`.
        """
        if self._left > max_bytes:
            raise SketchError(describe_excess("the member", self._left, max_bytes))
        return self.read(max_bytes + 1)


def refuse_climbing(name: str) -> None:
    """Check that a name in a zip stays within it.

    Raises:
        SketchError: it is absolute or climbs above the zip's root.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or any(":" in part for part in path.parts[:1]):
        raise SketchError(f"the zip names {name[:80]!r}, which lies outside of it")
