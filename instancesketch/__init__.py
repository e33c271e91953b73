"""Labels the strokes of hand-drawn sketches: parts, instances, objects."""

__version__ = "0.1.0"
