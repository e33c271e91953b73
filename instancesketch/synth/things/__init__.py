"""Procedural things: cars, clouds, suns, and scenery."""
