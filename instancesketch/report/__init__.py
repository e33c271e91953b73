"""A result as one HTML page to look at."""

from instancesketch.report.page import render_report, write_report

__all__ = ["render_report", "write_report"]
