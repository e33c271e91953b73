"""A snapshot for tests."""

from collections.abc import Sequence

from instancesketch.core.sketch import Sketch
from instancesketch.render.colours import palette
from instancesketch.tracking.snapshot import Confusion, Snapshot

COLOURS = palette(("wheel", "frame"))


def snapshot_of(sketches: Sequence[Sketch], epoch: int = 1) -> Snapshot:
    """Return a snapshot of correctly labelled drawings and the confusion of two parts."""
    return Snapshot(
        epoch=epoch,
        confusion=Confusion(parts=["wheel", "frame"], counts=[[7, 1, 0], [0, 3, 2]]),
        by="part",
        colours=COLOURS,
        truth=sketches,
        predicted=sketches,
    )
