"""Labels the strokes of hand-drawn sketches: parts, instances, objects."""
