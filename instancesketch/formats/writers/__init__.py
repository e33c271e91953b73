"""Writers: one module per format, each with a constant `WRITER`."""

from instancesketch.formats.writers import cvat, label_studio, published_json, quickdraw, svg

__all__ = ["cvat", "label_studio", "published_json", "quickdraw", "svg"]
