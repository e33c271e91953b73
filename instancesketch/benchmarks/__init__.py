"""How fast everything is on a machine: one table, all of it from one run."""

from instancesketch.benchmarks.suites import PARTS, Bench
from instancesketch.benchmarks.table import Row, Table

__all__ = ["PARTS", "Bench", "Row", "Table"]
