"""Taxonomies: categories, their parts, and which parts are countable or have a side."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from instancesketch.core.errors import SketchError, UserError

UNLABELED = "unlabeled"
OTHER = "other"  # the category of drawings of nothing that a taxonomy knows
SCENE = "scene"  # the category of drawings of several things
# Categories that have no parts.
PARTLESS = (OTHER, SCENE)
SIDES = ("left", "right")
_TAXONOMY_KEYS = {"name", "aliases", "neither", "categories"}
_CATEGORY_KEYS = {"title", "words", "parts", "countable", "sided", "aliases"}


def normalise(word: str) -> str:
    """Return a word in lower case, with hyphens for spaces and underscores."""
    return re.sub(r"[\s_-]+", "-", word.strip().casefold())


@dataclass(frozen=True, kw_only=True)
class Category:
    """A category of sketches and its parts, in order."""

    name: str
    parts: tuple[str, ...]  # none of `other` and `scene`
    title: str = ""  # for people
    countable: frozenset[str] = frozenset()
    sided: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    aliases: Mapping[str, str]  # normalised spelling -> part, canonical spellings included

    @property
    def part_names(self) -> str:
        """Return the parts as one line, for messages."""
        return ", ".join(self.parts)


@dataclass(frozen=True)
class Taxonomy:
    """A named set of categories; `load` reads a shipped one or a TOML file."""

    name: str
    categories: Mapping[str, Category]
    # Words of things too near to a category to be `other`, but not of it.
    neither: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        # The categories are a dictionary, which has no hash of its own.
        return hash((self.name, *self.categories))

    @classmethod
    def load(cls, name_or_path: str | Path) -> Taxonomy:
        """Load a shipped taxonomy by name, or one from a TOML file.

        Raises:
            UserError: the taxonomy is unknown, or the file is not a taxonomy.
        """
        shipped = resources.files("instancesketch.core") / "taxonomies" / f"{name_or_path}.toml"
        path = Path(name_or_path)
        try:
            # A path never matches, so that it can't lead out of the package's folder.
            if re.fullmatch(r"\w+", str(name_or_path)) and shipped.is_file():
                return cls.from_dict(tomllib.loads(shipped.read_text("utf-8")))
            # A taxonomy without a name is named by its file.
            return cls.from_dict({"name": path.stem} | tomllib.loads(path.read_text("utf-8")))
        except OSError:
            raise UserError(
                f"no taxonomy {str(name_or_path)!r}: name one of {', '.join(cls.shipped())}, "
                "or the path of a TOML file"
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path} is not a TOML file: {error}") from None
        except UserError as error:
            raise UserError(f"{path}: {error}") from None

    @staticmethod
    def shipped() -> list[str]:
        """Return the names of the taxonomies in the package, sorted."""
        folder = resources.files("instancesketch.core") / "taxonomies"
        return sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml"))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Taxonomy:
        """Build a taxonomy from the mapping in its TOML file.

        Raises:
            UserError: a key is unknown, or a countable, sided or aliased part is not among the
                parts of its category.
        """
        # A misspelt key would otherwise be left out without a word.
        _refuse_unknown(data, _TAXONOMY_KEYS, "the taxonomy")
        if not isinstance(data.get("name"), str) or not isinstance(data.get("categories"), Mapping):
            raise UserError("a taxonomy needs a name and at least one [categories.NAME]")
        shared = _words(data.get("aliases", {}), "aliases")
        categories = {
            name: _category(name, category, shared) for name, category in data["categories"].items()
        }
        neither = frozenset(normalise(word) for word in _names(data.get("neither", []), "neither"))
        return cls(data["name"], categories, neither)

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping that `from_dict` reads, with all aliases below their categories."""
        # Absent as in a file, so that a taxonomy without them is equal to what was stored before.
        neither = {"neither": sorted(self.neither)} if self.neither else {}
        return {
            "name": self.name,
            **neither,
            "categories": {
                c.name: {
                    **({"title": c.title} if c.title != _title(c.name) else {}),
                    "words": list(c.words),
                    "parts": list(c.parts),
                    "countable": sorted(c.countable),
                    "sided": sorted(c.sided),
                    "aliases": dict(c.aliases),
                }
                for c in self.categories.values()
            },
        }

    @cached_property
    def category_names(self) -> tuple[str, ...]:
        """Return the names of the categories, in the file's order: the classes of a model."""
        return tuple(self.categories)

    @cached_property
    def part_names(self) -> tuple[str, ...]:
        """Return all parts, each once, in the file's order: the classes of a model."""
        return tuple(dict.fromkeys(p for c in self.categories.values() for p in c.parts))

    @cached_property
    def label_names(self) -> tuple[str, ...]:
        """Return all parts without a side, then all with the left one, then with the right one."""
        parts = self.part_names
        return (*parts, *(with_side(part, side) for side in SIDES for part in parts))

    @cached_property
    def _category_of(self) -> dict[str, str]:
        # Names of categories take precedence over words of others.
        words = {normalise(w): c.name for c in self.categories.values() for w in c.words}
        return words | {normalise(name): name for name in self.categories}

    def category_of(self, word: str | None) -> str | None:
        """Return the category that a word names, or None."""
        return None if word is None else self._category_of.get(normalise(word))

    def class_of(self, word: str | None) -> str | None:
        """Return the class of a drawing of what a word names, or None if that is not certain.

        It is the category that the word names; `other` if it names none, where the taxonomy has
        that category and doesn't list the word as too near to one.
        """
        named = self.category_of(word)
        if named is not None or word is None or OTHER not in self.categories:
            return named
        return None if normalise(word) in self.neither else OTHER

    def restrict(self, words: Sequence[str]) -> Taxonomy:
        """Return the taxonomy with some of its categories alone, in its own order.

        Args:
            words: names and titles of categories, or words that mean one.

        Raises:
            UserError: one of them means no category; the message lists the nearest names.
        """
        titles = {normalise(c.title): c.name for c in self.categories.values()}
        chosen = set()
        for word in words:
            name = self.category_of(word) or titles.get(normalise(word))
            if name is None:
                known = {*self._category_of, *titles}
                near = difflib.get_close_matches(normalise(word), known, n=3, cutoff=0.6)
                hint = f"nearest: {', '.join(near)}" if near else ", ".join(self.category_names)
                raise UserError(f"{word!r} is no category of {self.name}; {hint}")
            chosen.add(name)
        kept = {name: c for name, c in self.categories.items() if name in chosen}
        return replace(self, categories=kept)

    def resolve_label(self, category: str, label: str) -> tuple[str, str]:
        """Return the part and the canonical label of a label.

        `front-left-paw` of a `4leg` gives `front-leg` and `front-left-leg`.

        Raises:
            SketchError: the category has no such part; the message lists the nearest names.
        """
        known = self.categories[category]
        spelled = normalise(label)
        # Some parts have a side's word in their name, so the whole label comes first.
        part = known.aliases.get(spelled)
        if part is not None:
            return part, part
        # Files put the side before, within or after the part: `left-front-leg`, `leg-front-left`.
        for side in SIDES:
            words = spelled.split("-")
            if side in words:
                words.remove(side)
                part = known.aliases.get("-".join(words))
                if part in known.sided:
                    return part, with_side(part, side)
        # Most unknown labels are misspelled; the nearest names show how.
        near = difflib.get_close_matches(spelled, known.aliases, n=3, cutoff=0.5)
        hint = f"nearest: {', '.join(near)}" if near else f"it has {known.part_names}"
        raise SketchError(f"unknown label {label!r} for {category} of {self.name}; {hint}")


def with_side(part: str, side: str) -> str:
    """Return the label of a part with a side: `front-leg` on the left is `front-left-leg`."""
    # In a part of one word the first two are empty: `leg` becomes `left-leg`.
    head, dash, last = part.rpartition("-")
    return f"{head}{dash}{side}-{last}"


def side_of(part: str, label: str) -> str | None:
    """Return the side that a label adds to its part, or None."""
    return next((side for side in SIDES if label == with_side(part, side) != part), None)


def _title(name: str) -> str:
    return re.sub(r"[-_]", " ", name)


def _category(name: str, data: Mapping[str, Any], shared: Mapping[str, str]) -> Category:
    where = f"category {name}"
    if not isinstance(data, Mapping):
        raise UserError(f"{where} is not a table")
    _refuse_unknown(data, _CATEGORY_KEYS, where)
    parts = tuple(_names(data.get("parts", []), f"{where}: parts"))
    if bool(parts) == (name in PARTLESS):
        raise UserError(f"{where} has {'' if parts else 'no '}parts")
    # Two spellings of one part would be two classes of a model.
    if len({normalise(p) for p in parts}) != len(parts):
        raise UserError(f"{where} lists a part twice")
    own = _words(data.get("aliases", {}), f"{where}: aliases")
    # Aliases of the whole taxonomy apply to the categories that have the part.
    aliases = {normalise(a): p for a, p in shared.items() if p in parts}
    aliases |= {normalise(a): p for a, p in own.items()}
    countable = frozenset(_names(data.get("countable", []), f"{where}: countable"))
    sided = frozenset(_names(data.get("sided", []), f"{where}: sided"))
    for key, named in (("countable", countable), ("sided", sided), ("aliases", own.values())):
        for part in named:
            if part not in parts:
                raise UserError(f"{where}: {key} names {part!r}, which is not among its parts")
    title = data.get("title", _title(name))
    if not isinstance(title, str):
        raise UserError(f"{where}: title must be a text")
    return Category(
        name=name,
        parts=parts,
        title=title,
        countable=countable,
        sided=sided,
        words=tuple(_names(data.get("words", []), f"{where}: words")),
        # Last, so that an alias can't take the name of another part.
        aliases=aliases | {normalise(p): p for p in parts},
    )


def _refuse_unknown(data: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in data:
        if key not in known:
            raise UserError(
                f"{where} has an unknown key {key!r}; it may have {', '.join(sorted(known))}"
            )


def _names(value: Any, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
        raise UserError(f"{where} must be a list of names")
    return value


def _words(value: Any, where: str) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
        raise UserError(f'{where} must be a table of "spelling" = "part"')
    return value
