"""What a run shows, for tests."""

from instancesketch.render.colours import palette
from instancesketch.render.svg import to_svg
from instancesketch.tracking.pictures import Shown

COLOURS = palette(("wheel", "frame"))


def shown_of(sketches, epoch=1):
    """Drawings that were labelled rightly, and a matrix of two parts."""
    pictures = [to_svg(s, resolution=500) for s in sketches]
    return Shown(
        epoch=epoch,
        confusion={"parts": ["wheel", "frame"], "counts": [[7, 1, 0], [0, 3, 2]]},
        examples=[
            (s.sketch_id, picture, picture) for s, picture in zip(sketches, pictures, strict=True)
        ],
        legend=COLOURS,
    )
