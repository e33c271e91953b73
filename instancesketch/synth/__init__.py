"""Procedural drawings with part and instance labels, and scenes composed of drawings."""

from instancesketch.synth.draw import draw
from instancesketch.synth.scenes.composer import Composer, compose, drawings_of
from instancesketch.synth.scenes.config import SceneConfig

__all__ = ["Composer", "SceneConfig", "compose", "draw", "drawings_of"]
