"""The command line: `instancesketch VERB …`, one file per verb."""

from instancesketch.cli.main import main

__all__ = ["main"]
