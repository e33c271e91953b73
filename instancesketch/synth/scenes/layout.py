"""What things are in a scene: how large, where people draw them, what they may be on or in."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from instancesketch.core.taxonomy import normalise

_ANY = "any"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What things of one kind have in common."""

    name: str
    size: float  # longer side, a person's is 1
    places: tuple[str, ...]  # the best liked first


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What is known of words, by their normalised spelling."""

    kinds: Mapping[str, Kind]
    hosts: Mapping[str, Mapping[str, float]]  # place -> words, and how far down their height it is
    often: Mapping[str, float]

    def kind(self, word: str) -> Kind:
        """The kind of a word; that of anything where it is unknown."""
        return self.kinds.get(normalise(word), self.kinds[_ANY])

    def weight(self, word: str) -> float:
        """How many times as often as others it is drawn."""
        return self.often.get(normalise(word), 1.0)

    def top(self, word: str) -> float:
        """How far down its height others stand on it."""
        spelled = normalise(word)
        return next(h[spelled] for h in (self.hosts["on"], self.hosts["perch"]) if spelled in h)

    def is_host(self, word: str, place: str) -> bool:
        """Whether others may be at such a place of it."""
        return normalise(word) in self.hosts[place]


@cache
def layout() -> Layout:
    """The layout that comes with the package."""
    text = (resources.files("instancesketch") / "synth" / "scenes" / "layout.toml").read_text(
        "utf-8"
    )
    data = tomllib.loads(text)
    kinds: dict[str, Kind] = {}
    for name, entry in data["kinds"].items():
        kind = Kind(name=name, size=entry["size"], places=tuple(entry["places"]))
        kinds |= {normalise(word): kind for word in entry["words"]}
        if name == _ANY:
            kinds[_ANY] = kind
    hosts: dict[str, dict[str, float]] = {}
    for place, entry in data["hosts"].items():
        tops = dict.fromkeys(entry["words"], 0.0) if "words" in entry else entry
        hosts[place] = {normalise(word): float(top) for word, top in tops.items()}
    return Layout(
        kinds=kinds,
        hosts=hosts,
        often={normalise(word): float(weight) for word, weight in data["often"].items()},
    )
