"""What is drawn in a scene: words that belong together, and how many of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from instancesketch.synth.scenes.config import SceneConfig
from instancesketch.synth.scenes.layout import layout

# How the words of a scene belong together: theme -> place -> how many times as often.
_THEMES: dict[str, dict[str, float]] = {
    "outside": {"on": 0.4, "wall": 0.1, "any": 0.3},
    "inside": {"sky": 0.05, "backdrop": 0.1, "on": 2.0, "wall": 2.0},
    "anything": {},
}
_THEME_SHARES = (0.5, 0.3, 0.2)
_HOST_OFTEN = 2.0  # inside, tables and the like are drawn that many times as often
_HOST_COMES = 0.6  # chance that what others could be on comes next, where it lacks
_ANY_NUMBER = 0.06  # of scenes: any number of objects, each as likely


class Casting:
    """Chooses the words of scenes, among those of the taxonomy's categories and others."""

    def __init__(self, config: SceneConfig, own: Sequence[str], others: Sequence[str]) -> None:
        self.config, self.own, self.others = config, own, others
        self._odds = {
            theme: (
                _odds([_theme_weight(w, theme) for w in own]),
                _odds([layout().weight(w) * _theme_weight(w, theme) for w in others]),
            )
            for theme in _THEMES
        }

    def words(self, rng: np.random.Generator) -> list[tuple[str, int]]:
        """What is drawn and how often: backdrops and hosts come first, so that others find them."""
        theme = list(_THEMES)[int(rng.choice(len(_THEMES), p=_THEME_SHARES))]
        times: dict[str, int] = {}
        for _ in range(self._number(rng)):
            word = self._word(theme, rng, _lacking(times))
            again = [w for w in times if layout().kind(w).places[0] != "backdrop"]
            if again and rng.random() < self.config.repeat:
                word = again[int(rng.integers(len(again)))]
            times[word] = times.get(word, 0) + 1
        return sorted(times.items(), key=lambda item: _rank(item[0]))

    def _number(self, rng: np.random.Generator) -> int:
        low, high = self.config.fewest, self.config.most
        if rng.random() < _ANY_NUMBER:
            return int(rng.integers(low, high + 1))
        return int(np.clip(round(self.config.middle * np.exp(rng.normal(0, 0.5))), low, high))

    def _word(self, theme: str, rng: np.random.Generator, lacking: str | None) -> str:
        """The next word; mostly one on, in or by which those before can be, if they lack such."""
        words, odds = self.others, self._odds[theme][1]
        if self.own and (rng.random() < self.config.own_share or not words):
            words, odds = self.own, self._odds[theme][0]
        if lacking is not None and rng.random() < _HOST_COMES:
            able = odds * [layout().is_host(word, lacking) for word in words]
            odds = able / able.sum() if able.any() else odds
        return words[int(rng.choice(len(words), p=odds))]


def space_for(words: Iterable[tuple[str, int]]) -> float:
    """The squares round all things that stand on their own, where a person is 1 tall."""
    free = ("ground", "sky", "wall", "any")
    kinds = [(layout().kind(word), times) for word, times in words]
    return sum(kind.size**2 * times for kind, times in kinds if kind.places[0] in free)


def _odds(weights: Sequence[float]) -> npt.NDArray[np.float64]:
    array = np.array(weights, np.float64)
    return array / max(float(array.sum()), 1e-9)


def _theme_weight(word: str, theme: str) -> float:
    place = layout().kind(word).places[0]
    inside = theme == "inside" and layout().is_host(word, "on") and place == "ground"
    return _THEMES[theme].get(place, 1.0) * (_HOST_OFTEN if inside else 1.0)


def _rank(word: str) -> int:
    """Backdrops, then what others may be on or in, then the others; what is of another last."""
    kind = layout().kind(word)
    if kind.places[0] == "backdrop":
        return 0
    is_host = any(layout().is_host(word, place) for place in layout().hosts)
    if kind.places[0] in ("ground", "sky"):
        return 1 if is_host else 2
    return 3 if is_host else 4


def _lacking(words: Iterable[str]) -> str | None:
    """The place that the last word which needs a host would be in, if there is no such host."""
    known = list(words)
    for word in reversed(known):
        place = layout().kind(word).places[0]
        if place in layout().hosts:
            return None if any(layout().is_host(w, place) for w in known) else place
    return None
