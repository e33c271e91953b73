"""Procedural things: cars, flowers, trees, the sky, and scenery."""
