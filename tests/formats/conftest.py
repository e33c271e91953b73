from collections.abc import Callable
from pathlib import Path

import pytest
from pyarrow import fs

from instancesketch import formats
from instancesketch.formats import FileRange, Record, Rejection

Found = list[Record | Rejection]


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Found]:
    """Return a function that reads bytes as a file, in a given format or the detected one."""

    def read(data: bytes, name: str, format: str | None = None, **options) -> Found:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return read_file(path, format, **options)

    return read


def read_file(path: Path, format: str | None = None, **options) -> Found:
    local = fs.LocalFileSystem()
    format = format or formats.sniff(str(path), local)
    if format is None:
        return [formats.explain_unknown(str(path), local)]
    return list(formats.read(FileRange(path=str(path), format=format), local, **options))
