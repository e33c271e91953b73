"""Tables and figures, as plain text and on a terminal."""

import os
import pty
import re

import pytest

from instancesketch.metrics.terminal import Block, Headline, TextTable, print_blocks, to_text

TABLE = TextTable(
    head=["part", "part accuracy", "note"],
    rows=[["wheel", "93.00", "[bold]round[/]"], ["leg :dog:", "0.00", "left"]],
    texts=(0, 2),
    best=0,
)
BLOCKS: list[Block] = [Headline([("C", "93.20"), ("macro-F1", "88.10")]), "", TABLE]
PLAIN = """\
C 93.20   macro-F1 88.10

part          part accuracy  note
wheel (best)          93.00  [bold]round[/]
leg :dog:              0.00  left"""


def on_terminal(blocks: list[Block]) -> str:
    """Print blocks on a terminal, and return what it was sent."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        print_blocks(blocks, stream)
    sent = b""
    try:
        while part := os.read(ours, 65_536):
            sent += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return sent.decode().replace("\r\n", "\n")


def without_styles(sent: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", sent)


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print for a terminal of a known kind, whatever the tests run in."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")


def test_elsewhere_it_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert to_text(BLOCKS) == PLAIN
    print_blocks(BLOCKS)
    assert capsys.readouterr().out == PLAIN + "\n"


def test_terminal_has_a_rule_below_the_head_and_the_best_row_in_colour() -> None:
    sent = on_terminal(BLOCKS)
    lines = [line.rstrip() for line in without_styles(sent).splitlines()]
    assert lines[:3] == ["C 93.20   macro-F1 88.10", "", "part          part accuracy  note"]
    assert set(lines[3]) == {"─"}
    assert lines[4:] == [
        "wheel (best)          93.00  [bold]round[/]",
        "leg :dog:              0.00  left",
    ]
    assert "\x1b[1;32mwheel (best)" in sent
    assert "\x1b[1;32mleg" not in sent


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    sent = on_terminal(BLOCKS)
    # Bold and faint are no colours.
    assert not re.search(r"\x1b\[[0-9;]*(3|4|9)[0-7]", sent)
    assert "─" in sent


def test_narrow_terminal_folds_headings_and_the_last_text_but_no_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "35")
    rows = [["front-leg", "100.00", "one two three four five"]]
    table = TextTable(head=["part", "part accuracy", "taken for"], rows=rows, texts=(0, 2))
    lines = [line.rstrip() for line in without_styles(on_terminal([table])).splitlines()]
    assert max(map(len, lines)) <= 35
    words = [line.split() for line in lines]
    assert words[:2] == [["part"], ["part", "accuracy", "taken", "for"]]
    assert words[3][:3] == ["front-leg", "100.00", "one"]
    assert [word for row in words[3:] for word in row][2:] == [
        "one",
        "two",
        "three",
        "four",
        "five",
    ]


def test_long_line_of_text_is_not_broken() -> None:
    line = "word " * 40 + "end"
    assert on_terminal([line]) == line + "\n"
