"""How fast everything is on a machine: one table, all of it from one run."""

from instancesketch.speed.table import Row, Table
from instancesketch.speed.work import PARTS, Bench

__all__ = ["PARTS", "Bench", "Row", "Table"]
