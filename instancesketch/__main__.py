"""Run the command line: `python -m instancesketch VERB …`."""

from instancesketch.cli.main import main, run_process

__all__ = ["main"]

if __name__ == "__main__":
    run_process()
