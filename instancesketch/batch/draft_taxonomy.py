"""Draft a taxonomy from the labels that files hold, for their owner to complete."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from instancesketch.batch.config import AUTO
from instancesketch.batch.shards import plan_shards
from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import SIDES, UNLABELED, normalise
from instancesketch.formats import COMPANION, FORMATS, MAX_RECORD_BYTES, RawRecord, sniff

_NO_CATEGORY = "drawing"
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass
class _Category:
    """The labels of a category, as its drawings have them."""

    drawings: int = 0
    strokes: Counter[str] = field(default_factory=Counter)  # by part
    sides: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    countable: set[str] = field(default_factory=set)


def draft_taxonomy(
    sources: Sequence[str], on_file: Callable[[int, int], object] = lambda done, files: None
) -> str:
    """Return the text of a TOML file with the categories and parts that files hold.

    A part is countable where a drawing has several instances of it, and sided where its labels
    name a side.

    Args:
        sources: files and folders of labelled drawings.
        on_file: called after each file with the number of those that are read, and of all.

    Raises:
        UserError: a source isn't there, or no drawing has labels.
    """
    found: defaultdict[str, _Category] = defaultdict(_Category)
    for record, folder in _read_raw(sources, on_file):
        _add(found, record, folder)
    if not found:
        raise UserError(f"no drawing with labels in {', '.join(sources)}")
    return _to_toml(found)


def _read_raw(
    sources: Sequence[str], on_file: Callable[[int, int], object]
) -> Iterator[tuple[RawRecord, str]]:
    """Yield the drawings of all files as these have them, and the name of the folder of each."""
    plan = plan_shards(sources)
    files = sum(len(shard.ranges) for shard in plan.shards)
    done = 0
    for shard in plan.shards:
        filesystem, _ = storage.locate(shard.location)
        for part in shard.ranges:
            form = part.format if part.format != AUTO else sniff(part.path, filesystem)
            if form is not None and form != COMPANION:
                chosen = replace(part, format=form)
                # A file named by itself has no folder below its source.
                folder = (
                    PurePosixPath(part.name).parent.name or PurePosixPath(part.path).parent.name
                )
                for record in FORMATS[form].read(chosen, filesystem, MAX_RECORD_BYTES):
                    if isinstance(record, RawRecord):
                        yield record, folder
            done += 1
            on_file(done, files)


def _add(found: defaultdict[str, _Category], record: RawRecord, folder: str) -> None:
    fields = record.fields
    labels = fields.get("label") or fields.get("part")
    if not labels:
        return
    objects, names = fields.get("object"), fields.get("object_category") or ()
    own = fields.get("category") or record.word or next(iter(record.folders), folder)
    categories = [
        own if objects is None or not 0 <= objects[i] < len(names) else names[objects[i]]
        for i in range(len(labels))
    ]
    numbers = fields.get("instance") or (None,) * len(labels)
    seen: defaultdict[tuple[str, str], set[tuple[int, int]]] = defaultdict(set)
    for i, (label, category, number) in enumerate(zip(labels, categories, numbers, strict=False)):
        name = category or _NO_CATEGORY
        part, side = _split_side(normalise(label))
        found[name].strokes[part] += 1
        found[name].sides[part] |= {side} if side else set()
        if number is not None:
            seen[name, part].add((objects[i] if objects is not None else 0, number))
    for name in {category or _NO_CATEGORY for category in categories}:
        found[name].drawings += 1
    for (name, part), instances in seen.items():
        # Of one object, since two suns of a scene have a center each.
        most = Counter(number for number, _ in instances).most_common(1)[0][1]
        if most > 1:
            found[name].countable.add(part)


def _split_side(label: str) -> tuple[str, str | None]:
    words = label.split("-")
    for side in SIDES:
        if side in words and len(words) > 1:
            words.remove(side)
            return "-".join(words), side
    return label, None


def _to_toml(found: dict[str, _Category]) -> str:
    lines = [
        "# A draft, from the labels that the files hold. Check which parts are countable, drawn",
        "# several times, such as wheels, and which are sided, left and right. Join spellings of a",
        '# part by aliases = { tyre = "wheel" }, words for a category by words = ["lorry"].',
        'name = "own"',
    ]
    for name, category in sorted(found.items(), key=lambda item: (-item[1].drawings, item[0])):
        parts = [part for part, _ in category.strokes.most_common() if part != UNLABELED]
        sided = [part for part in parts if category.sides[part]]
        countable = [part for part in parts if part in category.countable or part in sided]
        counts = ", ".join(f"{part} {n:,}" for part, n in category.strokes.most_common())
        lines += [
            "",
            f"# {category.drawings:,} drawings; strokes: {counts}"[:300],
            f"[categories.{name if _BARE_KEY.fullmatch(name) else _quote(name)}]",
            f"parts = {_list([*parts, UNLABELED])}",
        ]
        lines += [f"countable = {_list(countable)}"] if countable else []
        lines += [f"sided = {_list(sided)}"] if sided else []
    return "\n".join(lines) + "\n"


def _list(words: Sequence[str]) -> str:
    return f"[{', '.join(map(_quote, words))}]"


def _quote(word: str) -> str:
    # A string of JSON is one of TOML as well, but for this one character.
    return json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007f")
