"""Readers: one module per format, each with a function `read` that yields records."""

from instancesketch.formats.readers import (
    corpus,
    cvat,
    label_studio,
    npz,
    picture,
    programs,
    published_json,
    quickdraw,
    quickdraw_files,
    spg,
    svg_shapes,
)

__all__ = [
    "corpus",
    "cvat",
    "label_studio",
    "npz",
    "picture",
    "programs",
    "published_json",
    "quickdraw",
    "quickdraw_files",
    "spg",
    "svg_shapes",
]
