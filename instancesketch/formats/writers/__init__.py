"""Writers: one module per format, each with a constant `WRITER`."""

from instancesketch.formats.writers import (
    coco,
    cvat,
    label_studio,
    published_json,
    quickdraw,
    svg,
    table,
)

__all__ = ["coco", "cvat", "label_studio", "published_json", "quickdraw", "svg", "table"]
