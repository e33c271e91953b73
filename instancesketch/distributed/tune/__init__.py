"""Sweeps over the values of a recipe: what is searched, by trials, and what came of them."""

from __future__ import annotations

from instancesketch.distributed.tune.tuner import TuneConfig, tune

__all__ = ["TuneConfig", "tune"]
