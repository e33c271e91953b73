"""Lay sketches out in files: all in one, or a file for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pyarrow import fs

from instancesketch.core.sketch import Sketch
from instancesketch.core.storage import safe_file_name
from instancesketch.core.taxonomy import SIDES, UNLABELED, Taxonomy, with_side


class Writer(Protocol):
    """A writer of sketches into a folder."""

    def write(
        self,
        sketches: Iterable[Sketch],
        out: str,
        filesystem: fs.FileSystem,
        taxonomy: Taxonomy | None,
        images: bool,
    ) -> int:
        """Write sketches into a folder, and return their number."""


@dataclass(frozen=True)
class SingleFile:
    """A writer that puts all sketches into one file.

    Args:
        name: the name of the file.
        dump: yields the parts of the file, in order.
        labels_name: the name of a file beside it with the labels that an annotation program
            offers; None for no such file.
        dump_labels: returns the contents of that file, given the labels, the categories, and
            whether there are scenes.
        dump_image: returns the name and the contents of a sketch's image, for programs that can't
            do without.
        dump_on_images: yields the parts of the file where these are written; None: `dump` does.
    """

    name: str
    dump: Callable[[Iterable[Sketch]], Iterator[bytes]]
    labels_name: str | None = None
    dump_labels: Callable[[Sequence[str], Sequence[str], bool], bytes] | None = None
    dump_image: Callable[[Sketch], tuple[str, bytes]] | None = None
    dump_on_images: Callable[[Iterable[Sketch]], Iterator[bytes]] | None = None

    def write(
        self,
        sketches: Iterable[Sketch],
        out: str,
        filesystem: fs.FileSystem,
        taxonomy: Taxonomy | None,
        images: bool,
    ) -> int:
        """Write sketches into a folder, and return their number."""
        if images and self.dump_image is not None:
            sketches = _write_images(sketches, self.dump_image, f"{out}/images", filesystem)
        choices = _Choices(taxonomy)
        # A half-written file under the final name would be read as if it were complete.
        part = f"{out}/{self.name}.part"
        with filesystem.open_output_stream(part, compression=None) as stream:
            dump = (self.dump_on_images if images else None) or self.dump
            for data in dump(choices.collect(sketches)):
                stream.write(data)
        # Readers then see the file complete or not at all.
        filesystem.move(part, f"{out}/{self.name}")
        if self.labels_name is not None and self.dump_labels is not None:
            # After the sketches, since their labels are known by then.
            labels = self.dump_labels([*choices.labels], [*choices.categories], choices.scenes)
            _write_file(f"{out}/{self.labels_name}", labels, filesystem)
        return choices.sketches


@dataclass(frozen=True)
class FilePerSketch:
    """A writer of one file per sketch, in a folder per category."""

    suffix: str
    dump: Callable[[Sketch], bytes]

    def write(
        self,
        sketches: Iterable[Sketch],
        out: str,
        filesystem: fs.FileSystem,
        taxonomy: Taxonomy | None,
        images: bool,
    ) -> int:
        """Write sketches into a folder, and return their number."""
        # `write` in `registry` has made this one.
        folders, number = {out}, 0
        for sketch in sketches:
            folder = f"{out}/{safe_file_name(sketch.category)}" if sketch.category else out
            # On an object store each call would be a request.
            if folder not in folders:
                filesystem.create_dir(folder, recursive=True)
                folders.add(folder)
            name = f"{safe_file_name(sketch.sketch_id)}{self.suffix}"
            _write_file(f"{folder}/{name}", self.dump(sketch), filesystem)
            number += 1
        return number


class _Choices:
    """The labels and categories to choose from: those of a taxonomy and those of the sketches."""

    def __init__(self, taxonomy: Taxonomy | None) -> None:
        categories = {} if taxonomy is None else taxonomy.categories
        # Dicts, since they keep the order in which names first came.
        self.labels = {UNLABELED: None} | {
            label: None
            for category in categories.values()
            for part in category.parts
            for label in (part, *(with_side(part, s) for s in SIDES if part in category.sided))
        }
        self.categories: dict[str, None] = dict.fromkeys(categories)
        self.scenes = False
        self.sketches = 0

    def collect(self, sketches: Iterable[Sketch]) -> Iterator[Sketch]:
        """Yield the sketches, and add their labels and categories."""
        for sketch in sketches:
            self.labels |= dict.fromkeys(sketch.label or sketch.part or ())
            if sketch.category is not None:
                self.categories[sketch.category] = None
            self.scenes |= sketch.object is not None
            self.sketches += 1
            yield sketch


def _write_images(
    sketches: Iterable[Sketch],
    dump_image: Callable[[Sketch], tuple[str, bytes]],
    out: str,
    filesystem: fs.FileSystem,
) -> Iterator[Sketch]:
    filesystem.create_dir(out, recursive=True)
    for sketch in sketches:
        # While the sketches pass by, because they may come from a reader that reads once.
        name, data = dump_image(sketch)
        _write_file(f"{out}/{name}", data, filesystem)
        yield sketch


def _write_file(path: str, data: bytes, filesystem: fs.FileSystem) -> None:
    with filesystem.open_output_stream(path, compression=None) as stream:
        stream.write(data)
