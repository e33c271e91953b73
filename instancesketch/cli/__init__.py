"""The command line: `instancesketch VERB …`, one file per verb."""

from instancesketch.cli.door import main

__all__ = ["main"]
