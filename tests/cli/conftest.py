from collections.abc import Callable

import pytest

from instancesketch.cli.main import main


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Return a function that runs a command, asserts a one-line error, and returns it."""

    def run(command: str) -> str:
        assert main(command.split()) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("instancesketch: error: ")
        assert printed.err.count("\n") == 1
        return printed.err

    return run
