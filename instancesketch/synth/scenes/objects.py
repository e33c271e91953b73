"""The choice of a scene's objects: words that belong together, and how many of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from instancesketch.synth.scenes.config import SceneConfig
from instancesketch.synth.scenes.layout import layout

# Theme -> first place of a word's object type -> factor on how often it is drawn; else 1.
_THEMES: dict[str, dict[str, float]] = {
    "outside": {"on": 0.4, "wall": 0.1, "any": 0.3},
    "inside": {"sky": 0.05, "backdrop": 0.1, "on": 2.0, "wall": 2.0},
    "anything": {},
}
_THEME_SHARES = (0.5, 0.3, 0.2)
_HOST_FACTOR = 2.0  # inside, tables and the like are drawn that many times as often
_HOST_CHANCE = 0.6  # that an object without a host is followed by one
_ANY_COUNT_SHARE = 0.06  # of scenes: any number of objects, each as likely


class ObjectSampler:
    """Samples the words of scenes, among a taxonomy's own categories and other words."""

    def __init__(self, config: SceneConfig, own: Sequence[str], others: Sequence[str]) -> None:
        self.config, self.own, self.others = config, own, others
        # Own categories are equally frequent, so that each is learnt; others as people draw them.
        self._probabilities = {
            theme: (
                _normalise([_theme_factor(word, theme) for word in own]),
                _normalise(
                    [layout().frequency_of(word) * _theme_factor(word, theme) for word in others]
                ),
            )
            for theme in _THEMES
        }

    def sample(self, rng: np.random.Generator) -> list[tuple[str, int]]:
        """Sample the words of a scene and the number of objects of each.

        Returns:
            Backdrops and hosts first, so that whatever stands on a host is placed after it.
        """
        theme = list(_THEMES)[int(rng.choice(len(_THEMES), p=_THEME_SHARES))]
        counts: dict[str, int] = {}
        for _ in range(self._sample_count(rng)):
            word = self._sample_word(theme, rng, _missing_host(counts))
            repeatable = [w for w in counts if layout().type_of(w).places[0] != "backdrop"]
            if repeatable and rng.random() < self.config.repeat:
                word = repeatable[int(rng.integers(len(repeatable)))]
            counts[word] = counts.get(word, 0) + 1
        return sorted(counts.items(), key=lambda item: _rank(item[0]))

    def _sample_count(self, rng: np.random.Generator) -> int:
        """Sample a number of objects: log-normal about the median, or any."""
        low, high = self.config.fewest, self.config.most
        # People's counts have a long tail, and a model must see full pages too.
        if rng.random() < _ANY_COUNT_SHARE:
            return int(rng.integers(low, high + 1))
        return int(np.clip(round(self.config.middle * np.exp(rng.normal(0, 0.5))), low, high))

    def _sample_word(self, theme: str, rng: np.random.Generator, missing: str | None) -> str:
        """Sample a word; mostly a host for the place `missing`, if that is given."""
        words, p = self.others, self._probabilities[theme][1]
        if self.own and (rng.random() < self.config.own_share or not words):
            words, p = self.own, self._probabilities[theme][0]
        if missing is not None and rng.random() < _HOST_CHANCE:
            hosts = p * [layout().is_host(word, missing) for word in words]
            p = hosts / hosts.sum() if hosts.any() else p
        return words[int(rng.choice(len(words), p=p))]


def squared_sizes(words: Iterable[tuple[str, int]]) -> float:
    """Return the summed squares of all objects that stand on their own, a person's being 1."""
    free = ("ground", "sky", "wall", "any")
    types = [(layout().type_of(word), count) for word, count in words]
    return sum(t.size**2 * count for t, count in types if t.places[0] in free)


def _normalise(weights: Sequence[float]) -> npt.NDArray[np.float64]:
    array = np.array(weights, np.float64)
    return array / max(float(array.sum()), 1e-9)


def _theme_factor(word: str, theme: str) -> float:
    """Return how many times as often a word is drawn in scenes of a theme."""
    place = layout().type_of(word).places[0]
    is_furniture = theme == "inside" and layout().is_host(word, "on") and place == "ground"
    return _THEMES[theme].get(place, 1.0) * (_HOST_FACTOR if is_furniture else 1.0)


def _rank(word: str) -> int:
    """Return 0 for backdrops, 1 for hosts, 2 for others, 3 and 4 for what is on or in a host."""
    first_place = layout().type_of(word).places[0]
    if first_place == "backdrop":
        return 0
    is_host = any(layout().is_host(word, place) for place in layout().hosts)
    if first_place in ("ground", "sky"):
        return 1 if is_host else 2
    # A plate stands on a table and has a cookie on it.
    return 3 if is_host else 4


def _missing_host(words: Iterable[str]) -> str | None:
    """Return the place that the last word with a host would be in, if no word is such a host."""
    known = list(words)
    for word in reversed(known):
        place = layout().type_of(word).places[0]
        if place in layout().hosts:
            return None if any(layout().is_host(w, place) for w in known) else place
    return None
