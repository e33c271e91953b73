"""Procedural drawings with part and instance labels."""

from instancesketch.synth.drawing import draw

__all__ = ["draw"]
