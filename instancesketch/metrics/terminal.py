"""Print tables and figures: with rules and colour on a terminal, as plain text anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

_GAP = 2  # spaces between the columns of plain text
_FAINT = ("", "-", "0", "0.00")  # cells without anything to see
_BEST = "bold green"


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A table of R rows and C columns; a row's last cells may be left out."""

    head: Sequence[str]  # C
    rows: Sequence[Sequence[str]]  # R of C
    texts: Sequence[int] = (0,)  # columns of text, aligned left; all others are numbers
    best: int | None = None  # the row to mark

    @property
    def marked(self) -> list[list[str]]:
        """The rows, the best one with a mark behind its first cell."""
        rows = [list(row) for row in self.rows]
        if self.best is not None:
            rows[self.best][0] += " (best)"
        return rows

    def __str__(self) -> str:
        """Return the table as plain text, its columns as wide as their cells."""
        rows = [list(self.head), *self.marked]
        widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(len(self.head))]
        return "\n".join(self._line(row, widths) for row in rows)

    def _line(self, row: Sequence[str], widths: Sequence[int]) -> str:
        cells = [
            cell.ljust(width) if i in self.texts else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        return (" " * _GAP).join(cells).rstrip()


@dataclass(frozen=True)
class Headline:
    """A line of names and values."""

    values: Sequence[tuple[str, str]]

    def __str__(self) -> str:
        return "   ".join(f"{name} {value}" for name, value in self.values)


Block = str | TextTable | Headline


def to_text(blocks: Iterable[Block]) -> str:
    """Return blocks as plain text, one below another."""
    return "\n".join(map(str, blocks))


def print_blocks(blocks: Iterable[Block], stream: TextIO | None = None) -> None:
    """Print blocks one below another, to standard output where no stream is given.

    On a terminal tables have a rule and colour; the latter not where NO_COLOR is set.
    """
    stream = stream or sys.stdout
    if not stream.isatty():
        print(to_text(blocks), file=stream)
        return
    from rich.console import Console

    # Names in drawings are anybody's words: none of them is markup, an emoji or a number to colour.
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    for block in blocks:
        # A line of text is left to the terminal to wrap, so that it can be copied as one.
        console.print(_render(block, console.width), soft_wrap=isinstance(block, str))


def _render(block: Block, width: int) -> RenderableType:
    if isinstance(block, TextTable):
        return _render_table(block, width)
    return block if isinstance(block, str) else _render_headline(block)


def _render_headline(line: Headline) -> Text:
    from rich.text import Text

    pieces = [Text.assemble((name, "dim"), " ", (value, "bold")) for name, value in line.values]
    return Text("   ").join(pieces)


def _render_table(table: TextTable, width: int) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    rows = table.marked
    # In a narrow terminal headings are folded between words, and a last text anywhere; names and
    # numbers never.
    columns = [[row[i] for row in rows if i < len(row)] for i in range(len(table.head))]
    widths = [
        max(map(len, [*title.split(), *cells]), default=0)
        for title, cells in zip(table.head, columns, strict=True)
    ]
    last = len(table.head) - 1
    folds_last = last > 0 and last in table.texts
    needed = sum(widths[:-1] if folds_last else widths) + _GAP * last
    gap = 1 if needed <= width else 0  # beside the box's own blank
    shown = Table(
        box=SIMPLE_HEAD,
        show_edge=False,
        header_style="bold cyan",
        padding=(0, gap, 0, 0),
        pad_edge=False,
    )
    for i, (title, least) in enumerate(zip(table.head, widths, strict=True)):
        shown.add_column(
            Text(title),
            justify="left" if i in table.texts else "right",
            min_width=None if folds_last and i == last else least,
            overflow="fold",
        )
    for i, row in enumerate(rows):
        texts = [Text(cell, "dim" if cell in _FAINT else "") for cell in row]
        shown.add_row(*texts, style=_BEST if i == table.best else None)
    return shown
