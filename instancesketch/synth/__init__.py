"""Procedural drawings with part and instance labels, and scenes composed of drawings."""

from instancesketch.synth.casting import SceneConfig
from instancesketch.synth.drawing import draw
from instancesketch.synth.scenes import Composer, compose, drawings_of

__all__ = ["Composer", "SceneConfig", "compose", "draw", "drawings_of"]
