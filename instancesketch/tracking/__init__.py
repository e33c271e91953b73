"""What a run tells while it goes on, and where: its own folder, TensorBoard, ClearML."""

from __future__ import annotations

from instancesketch.tracking.examples import Examples
from instancesketch.tracking.metrics_log import CURVES, METRICS, PERCENT, RunLog, draw_curves, read
from instancesketch.tracking.pictures import Shown, left
from instancesketch.tracking.reporter import Reporter, Track, Tracker, check
from instancesketch.tracking.status import Signs, following

__all__ = [
    "CURVES",
    "METRICS",
    "PERCENT",
    "Examples",
    "Reporter",
    "RunLog",
    "Shown",
    "Signs",
    "Track",
    "Tracker",
    "check",
    "draw_curves",
    "following",
    "left",
    "read",
]
