"""Canvases and animals for tests, seeded, with some habits or styles set."""

from dataclasses import replace

import numpy as np

from instancesketch.synth.animals.species import SPECIES, Animal
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.style import DrawingStyle


def make_canvas(seed: int, **habits: float) -> Canvas:
    rng = np.random.default_rng(seed)
    return Canvas(rng=rng, style=replace(DrawingStyle.sample(rng), **habits))


def make_animal(canvas: Canvas, **styles: str) -> Animal:
    return replace(Animal.sample(canvas), **styles)


def parts_of(canvas: Canvas) -> set[str]:
    return {segment.part for stroke in canvas.strokes for segment in stroke.segments}


def styles_of(name: str) -> list[str]:
    """Return every style that a species may have in a field such as `tail`."""
    return sorted({style for species in SPECIES.values() for style in getattr(species, name)})
