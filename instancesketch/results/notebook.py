"""Sketches for notebooks: they come from what people have, and show themselves where they stand.

>>> from instancesketch import Sketch
>>> corner = Sketch.from_strokes([[(0, 0), (10, 0), (10, 10)], [(3, 3)]])
>>> corner
Sketch('sketch', 2 strokes)
>>> corner.to_svg()[:21]
'<svg xmlns="http://ww'

Jupyter shows a sketch as its picture, with a legend of what is known about its strokes.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from html import escape
from itertools import islice
from pathlib import PurePath
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from instancesketch.core import parquet, sketch, storage
from instancesketch.core.errors import SketchError, UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import COMPANION, Piece, Rejection, read, sniff
from instancesketch.formats.readers import npz, svg_shapes
from instancesketch.formats.readers import quickdraw as quickdraw_format
from instancesketch.formats.records import Record, resolve
from instancesketch.render.colours import palette
from instancesketch.render.svg import stroke_colours, stroke_names, to_svg

_NAME = "sketch"  # of a drawing that has none
_SIDE, _SMALL = 260, 150  # pixels of a picture alone, and among others
_RESOLUTION = 1_000
_MOST_SHOWN = 60

logger = logging.getLogger(__name__)


class Sketch(sketch.Sketch):
    """A sketch that is read from any format and shows itself; else it is like any other."""

    @classmethod
    def of(cls, other: sketch.Sketch) -> Self:
        """The same sketch, able to show itself."""
        return cls(**{f.name: getattr(other, f.name) for f in fields(other)})

    @classmethod
    def from_strokes(cls, strokes: Sequence[npt.ArrayLike], **values: Any) -> Self:
        """Takes one list of (x, y) per stroke, y down.

        >>> Sketch.from_strokes([[(0, 0), (5, 5)]], sketch_id="line", category="sun")
        Sketch('line', 1 stroke, sun)

        Raises:
            SketchError: a stroke is empty, not a list of x and y, or holds no finite numbers.
        """
        return cls.of(sketch.Sketch.from_strokes(strokes, **{"sketch_id": _NAME} | values))

    @classmethod
    def from_quickdraw(cls, drawing: Mapping[str, Any] | Sequence[Any]) -> Self:
        """Takes an object of Quick, Draw!'s ndjson, simplified or raw, or its `drawing` alone.

        >>> Sketch.from_quickdraw([[[0, 5, 9], [0, 5, 0]], [[3], [3]]])
        Sketch('sketch', 2 strokes)
        >>> Sketch.from_quickdraw({"key_id": "17", "word": "cat", "drawing": [[[0, 5], [0, 5]]]})
        Sketch('17', 1 stroke, cat)

        Raises:
            SketchError: it is no drawing.
        """
        given = dict(drawing) if isinstance(drawing, Mapping) else {"drawing": list(drawing)}
        return cls.of(resolve(quickdraw_format.parse({"key_id": _NAME} | given, ""), None, ()))

    @classmethod
    def from_stroke3(cls, steps: npt.ArrayLike, sketch_id: str = _NAME) -> Self:
        """Takes sketch-rnn's (points, 3): steps in x and y, and 1 after which the pen is lifted.

        >>> Sketch.from_stroke3([[0, 0, 0], [5, 5, 1], [3, 0, 1]]).x.tolist()
        [0.0, 5.0, 8.0]

        Raises:
            SketchError: it is no such array.
        """
        try:
            array = np.asarray(steps)
        except ValueError:
            raise SketchError("not stroke-3: rows of different lengths") from None
        return cls.of(npz.sketch_of(array, sketch_id=sketch_id))

    @classmethod
    def from_svg(cls, svg: str, sketch_id: str = _NAME) -> Self:
        """Takes an SVG, as text or as the path of a file; every outline is a stroke.

        >>> Sketch.from_svg('<svg viewBox="0 0 9 9"><path d="M0 0L9 9M5 5h2" stroke="red"/></svg>')
        Sketch('sketch', 2 strokes)

        Raises:
            SketchError: it is no SVG, or has no strokes.
            UserError: there is no such file.
        """
        if svg.lstrip().startswith("<"):
            found = Record(sketch=svg_shapes.parse(svg.encode(), sketch_id), position="")
            return cls.of(resolve(found, None, ()))
        return cls.from_file(svg)

    @classmethod
    def from_file(cls, path: str | PurePath, taxonomy: str | None = None) -> Self:
        """Reads the one drawing of a file of any format that `ingest` takes.

        Raises:
            SketchError: it can't be read.
            UserError: there is no such file, or it holds several drawings.
        """
        found = list(islice(_read(str(path), taxonomy), 2))
        for record in found:
            if isinstance(record, Rejection):
                raise SketchError(f"{path}: {record.reason}")
        if len(found) != 1:
            raise UserError(f"{path} holds more than one drawing: `Sketches.from_file` reads all")
        return cls.of(found[0])  # type: ignore[arg-type]

    def to_svg(self, **options: Any) -> str:
        """The picture as SVG; for the options see `instancesketch.render.svg.to_svg`."""
        return to_svg(self, **options)

    def __repr__(self) -> str:
        words = [repr(self.sketch_id), f"{len(self)} stroke{'s' * (len(self) > 1)}"]
        return f"Sketch({', '.join([*words, *([self.category] if self.category else [])])})"

    def _repr_svg_(self) -> str:
        return to_svg(self, by=_views(self)[0], size=_SIDE, resolution=_RESOLUTION)

    def _repr_html_(self) -> str:
        pictures = "".join(
            _figure(to_svg(self, by=by, size=_SIDE, resolution=_RESOLUTION), by)
            for by in _views(self)
        )
        by = _views(self)[0]
        legend = _legend([self], by, stroke_colours(self, by))
        return f"<div>{_headline(self)}<div>{pictures}</div>{legend}</div>"


class Sketches(list[Sketch]):
    """Several sketches, which show themselves side by side in the same colours."""

    @classmethod
    def of(cls, others: Iterable[sketch.Sketch]) -> Self:
        """The same sketches, able to show themselves."""
        return cls(Sketch.of(other) for other in others)

    @classmethod
    def from_file(
        cls, path: str | PurePath, taxonomy: str | None = None, most: int | None = None
    ) -> Self:
        """Reads the drawings of a file of any format; what can't be read is told as a warning.

        Args:
            path: a file, or a URI such as `s3://bucket/cat.ndjson`.
            taxonomy: resolves labels, as with `ingest`.
            most: stops after so many drawings.

        Raises:
            UserError: there is no such file, or nothing in it can be read.
        """
        found, reason = cls(), "the file holds no drawing"
        for record in _read(str(path), taxonomy):
            if isinstance(record, Rejection):
                reason = f"{record.position}: {record.reason}".removeprefix(": ")
                logger.warning("%s, %s", path, reason)
                continue
            found.append(Sketch.of(record))
            if len(found) == most:
                break
        if not found:
            raise UserError(f"nothing in {path} can be read; {reason}")
        return found

    @classmethod
    def from_corpus(cls, folder: str, split: str | None = None, most: int | None = None) -> Self:
        """Reads the rows of a corpus or of a result, in order.

        Raises:
            UserError: it is none.
        """
        return cls.of(islice(parquet.sketches(str(folder), split), most))

    def _repr_html_(self) -> str:
        shown = self[:_MOST_SHOWN]
        colours = palette(sorted({name for s in shown for name in stroke_names(s)}))
        figures = "".join(
            _figure(
                to_svg(s, colours=colours, size=_SMALL, resolution=_RESOLUTION),
                s.error or s.category or "",
            )
            for s in shown
        )
        more = f"<p>and {len(self) - len(shown):,} more</p>" if len(self) > len(shown) else ""
        return f"<div><div>{figures}</div>{_legend(shown, 'part', colours)}{more}</div>"


def _read(path: str, taxonomy: str | None) -> Iterable[sketch.Sketch | Rejection]:
    if not storage.exists(path) or storage.is_folder(path):
        raise UserError(f"{path} is no file; a corpus is read by `Sketches.from_corpus`")
    filesystem, place = storage.locate(path)
    form = sniff(place, filesystem)
    if form is None or form == COMPANION:
        raise UserError(f"{path} is in no format that can be read")
    words = None if taxonomy is None else Taxonomy.load(taxonomy)
    for record in read(Piece(path=place, format=form), filesystem, taxonomy=words):
        yield record if isinstance(record, Rejection) else record.sketch


def _views(drawing: sketch.Sketch) -> list[str]:
    """What there is to colour by."""
    views = ["object"] if drawing.object_category else []
    views += ["part"] if drawing.part is not None else []
    views += ["instance"] if any(drawing.instance or ()) else []
    return views or ["part"]


def _headline(drawing: sketch.Sketch) -> str:
    score = drawing.category_score
    words = [f"<b>{escape(drawing.category or drawing.sketch_id)}</b>"]
    words += [f"{100 * score:.0f} %"] if score is not None else []
    words += [f"not labelled: {escape(drawing.error)}"] if drawing.error else []
    return f"<div>{' '.join(words)}</div>"


def _figure(picture: str, caption: str) -> str:
    style = "display:inline-block;margin:0 1em .5em 0;text-align:center;vertical-align:bottom"
    return (
        f'<figure style="{style}">{picture}'
        f'<figcaption style="opacity:.7;font-size:smaller">{escape(caption)}</figcaption></figure>'
    )


def _legend(shown: Sequence[sketch.Sketch], by: str, colours: Mapping[str, str]) -> str:
    """The colour of each name, with its strokes, instances and mean score."""
    strokes: Counter[str] = Counter()
    scores: dict[str, list[float]] = {}
    instances: dict[str, set[tuple[int, int | None]]] = {}
    for number, drawing in enumerate(shown):
        nothing = (None,) * len(drawing)
        counted = (drawing.instance if by == "part" else None) or nothing
        for name, instance, score in zip(
            stroke_names(drawing, by), counted, drawing.part_score or nothing, strict=True
        ):
            strokes[name] += 1
            scores.setdefault(name, []).extend([] if score is None else [score])
            instances.setdefault(name, set()).update([(number, instance)] if instance else [])
    if all(drawing.part is None and not drawing.object_category for drawing in shown):
        return ""
    return "".join(
        _entry(name, colours[name], strokes[name], len(instances[name]), scores[name])
        for name in sorted(strokes)
    )


def _entry(name: str, colour: str, strokes: int, instances: int, scores: list[float]) -> str:
    words = [f"{strokes:,} stroke{'s' * (strokes > 1)}"]
    words += [f"{instances:,} instance{'s' * (instances > 1)}"] if instances else []
    words += [f"{100 * sum(scores) / len(scores):.0f} %"] if scores else []
    dot = f"display:inline-block;width:.8em;height:.8em;border-radius:50%;background:{colour}"
    return (
        f'<span style="display:inline-block;margin-right:1.5em"><span style="{dot}"></span> '
        f'{escape(name)} <span style="opacity:.7">{", ".join(words)}</span></span>'
    )
