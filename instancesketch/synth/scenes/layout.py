"""The layout of scenes: for each word its object type, its hosts, and how often it is drawn."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from instancesketch.core.taxonomy import normalise

_ANY = "any"


@dataclass(frozen=True, kw_only=True)
class ObjectType:
    """Size and places that objects of one type share."""

    name: str
    size: float  # longer side; a person's is 1
    places: tuple[str, ...]  # most frequent first


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Tables keyed by words in their normalised spelling."""

    types: Mapping[str, ObjectType]
    # Place -> host word -> height, as a share of the host's, at which objects stand.
    hosts: Mapping[str, Mapping[str, float]]
    frequency: Mapping[str, float]

    def type_of(self, word: str) -> ObjectType:
        """Return the object type of a word, the type `any` if it is unknown."""
        return self.types.get(normalise(word), self.types[_ANY])

    def frequency_of(self, word: str) -> float:
        """Return the relative frequency of a word; 1 if it has no entry."""
        return self.frequency.get(normalise(word), 1.0)

    def surface_of(self, word: str) -> float:
        """Return how far down its height others stand on a host, as a share of it."""
        spelled = normalise(word)
        return next(h[spelled] for h in (self.hosts["on"], self.hosts["perch"]) if spelled in h)

    def is_host(self, word: str, place: str) -> bool:
        """Return whether others may be at such a place of an object."""
        return normalise(word) in self.hosts[place]


@cache
def layout() -> Layout:
    """Return the layout that comes with the package."""
    folder = resources.files("instancesketch") / "synth" / "scenes"
    data = tomllib.loads((folder / "layout.toml").read_text("utf-8"))
    types: dict[str, ObjectType] = {}
    for name, entry in data["types"].items():
        object_type = ObjectType(name=name, size=entry["size"], places=tuple(entry["places"]))
        types |= {normalise(word): object_type for word in entry["words"]}
        if name == _ANY:
            types[_ANY] = object_type
    hosts: dict[str, dict[str, float]] = {}
    for place, entry in data["hosts"].items():
        # Only what stands on its host needs a height; the other places list words alone.
        surfaces = dict.fromkeys(entry["words"], 0.0) if "words" in entry else entry
        hosts[place] = {normalise(word): float(down) for word, down in surfaces.items()}
    frequency = {normalise(word): float(times) for word, times in data["frequency"].items()}
    return Layout(types=types, hosts=hosts, frequency=frequency)
