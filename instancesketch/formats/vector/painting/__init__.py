"""The walk through an SVG as a browser paints it; `painted` collects what it passes.

`page` places the root, `walk` goes from there to every shape with its `place`, `shapes` gives its
lines, `opacity` and `dashes` tell whether they leave ink, `clip_paths` and `clip_test` whether they
are cut off.
"""
