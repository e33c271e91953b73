"""Sketches into files of the formats that can be written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from pyarrow import fs

from instancesketch.core.sketch import Sketch
from instancesketch.core.storage import safe_file_name
from instancesketch.core.taxonomy import SIDES, UNLABELED, Taxonomy, with_side
from instancesketch.formats.readers import label_studio, published_json, quickdraw
from instancesketch.formats.writers import cvat
from instancesketch.render.svg import to_svg

# Formats that put all sketches into one file, and those with a file per sketch.
_IN_ONE: dict[str, tuple[str, Callable[[Iterable[Sketch]], Iterator[bytes]]]] = {
    "cvat": ("annotations.xml", cvat.lines),
    "labelstudio": ("tasks.json", label_studio.lines),
    "quickdraw": ("sketches.ndjson", quickdraw.lines),
}
# What a program for labelling wants to know beforehand: labels, categories, whether there are
# objects; as a file beside the sketches.
_SETTINGS: dict[str, tuple[str, Callable[[Sequence[str], Sequence[str], bool], bytes]]] = {
    "cvat": ("cvat-labels.json", cvat.label_spec),
    "labelstudio": ("label-studio.xml", label_studio.view),
}
_EACH: dict[str, tuple[str, Callable[[Sketch], bytes]]] = {
    "json": (".json", published_json.dump),
    "svg": (".svg", lambda sketch: to_svg(sketch).encode()),
}
WRITERS = (*_IN_ONE, *_EACH)


def write(
    sketches: Iterable[Sketch],
    format: str,
    out: str,
    filesystem: fs.FileSystem | None = None,
    taxonomy: Taxonomy | None = None,
    images: bool = False,
) -> int:
    """Writes sketches into a folder, and returns how many.

    CVAT is `annotations.xml` beside `cvat-labels.json`, Label Studio `tasks.json` beside
    `label-studio.xml`, Quick, Draw! `sketches.ndjson`; JSON and SVG are a file per sketch in a
    folder per category, named by the sketch's id with `%` escapes.

    Args:
        sketches: what to write; ids must be unique.
        format: one of `WRITERS`.
        out: the folder; made if it isn't there.
        filesystem: where it lies; the local one by default.
        taxonomy: what else than the sketches' own labels can be chosen in a program for labelling.
        images: with CVAT, whose tasks are made of images: writes these, too, into `images/`.

    Raises:
        KeyError: the format can't be written.
        UserError: an image would be too large.
    """
    filesystem = filesystem or fs.LocalFileSystem()
    filesystem.create_dir(out, recursive=True)
    if format in _IN_ONE:
        name, lines = _IN_ONE[format]
        choice = _Choice(taxonomy)
        if images:
            sketches = _with_images(sketches, f"{out}/images", filesystem)
        number = _write_one(choice.watch(sketches), f"{out}/{name}", lines, filesystem)
        if format in _SETTINGS:
            name, settings = _SETTINGS[format]
            with filesystem.open_output_stream(f"{out}/{name}", compression=None) as stream:
                stream.write(settings(*choice.made()))
        return number
    suffix, dump = _EACH[format]
    return _write_each(sketches, out, suffix, dump, filesystem)


def _with_images(
    sketches: Iterable[Sketch], out: str, filesystem: fs.FileSystem
) -> Iterator[Sketch]:
    filesystem.create_dir(out, recursive=True)
    for sketch in sketches:
        path = f"{out}/{cvat.image_name(sketch)}"
        with filesystem.open_output_stream(path, compression=None) as stream:
            stream.write(cvat.image(sketch))
        yield sketch


class _Choice:
    """The labels and categories that there are to choose from: a taxonomy's and those seen."""

    def __init__(self, taxonomy: Taxonomy | None) -> None:
        kinds = {} if taxonomy is None else taxonomy.categories
        self.labels = {UNLABELED: None} | {
            label: None
            for kind in kinds.values()
            for part in kind.parts
            for label in (part, *(with_side(part, s) for s in SIDES if part in kind.sided))
        }
        self.categories: dict[str, None] = dict.fromkeys(kinds)
        self.scenes = False

    def watch(self, sketches: Iterable[Sketch]) -> Iterator[Sketch]:
        for sketch in sketches:
            self.labels |= dict.fromkeys(sketch.label or sketch.part or ())
            self.categories |= {} if sketch.category is None else {sketch.category: None}
            self.scenes |= sketch.object is not None
            yield sketch

    def made(self) -> tuple[list[str], list[str], bool]:
        return list(self.labels), list(self.categories), self.scenes


def _write_one(
    sketches: Iterable[Sketch],
    path: str,
    lines: Callable[[Iterable[Sketch]], Iterator[bytes]],
    filesystem: fs.FileSystem,
) -> int:
    number = 0

    def counted() -> Iterator[Sketch]:
        nonlocal number
        for number, sketch in enumerate(sketches, 1):  # noqa: B007
            yield sketch

    # Under another name until it is whole.
    with filesystem.open_output_stream(f"{path}.part", compression=None) as stream:
        for line in lines(counted()):
            stream.write(line)
    filesystem.move(f"{path}.part", path)
    return number


def _write_each(
    sketches: Iterable[Sketch],
    out: str,
    suffix: str,
    dump: Callable[[Sketch], bytes],
    filesystem: fs.FileSystem,
) -> int:
    made, number = {out}, 0
    for sketch in sketches:
        folder = f"{out}/{safe_file_name(sketch.category)}" if sketch.category else out
        if folder not in made:
            filesystem.create_dir(folder, recursive=True)
            made.add(folder)
        path = f"{folder}/{safe_file_name(sketch.sketch_id)}{suffix}"
        with filesystem.open_output_stream(path, compression=None) as stream:
            stream.write(dump(sketch))
        number += 1
    return number
