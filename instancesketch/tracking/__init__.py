"""A run's metrics log, status and pictures, and the trackers they are sent to."""

from __future__ import annotations

from typing import Literal

# What a run can be sent to besides its own folder and TensorBoard. Config modules import it, so
# this package imports nothing else.
Track = Literal["clearml"]
