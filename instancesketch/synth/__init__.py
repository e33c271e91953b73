"""Procedural drawings with part and instance labels, and scenes composed of drawings."""

from instancesketch.synth.drawing import draw
from instancesketch.synth.scenes import Composer, SceneConfig, compose, drawings_of

__all__ = ["Composer", "SceneConfig", "compose", "draw", "drawings_of"]
