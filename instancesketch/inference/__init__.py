"""Scenes of several objects: where the objects are, and which strokes draw each of them."""
