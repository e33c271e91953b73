"""Render results, runs and sweeps as HTML pages."""

from instancesketch.report.page import render_report, write_report

__all__ = ["render_report", "write_report"]
