"""The table of a benchmark: measurements, the ratios between them, and the machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from instancesketch.metrics.terminal import Block, TextTable

HEAD = ("", "what", "cores", "number", "a second", "a second and core", "start-up s", "memory MB")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement."""

    part: str  # segment, training, …
    what: str
    number: int  # of drawings or scenes
    per_second: float  # in steady state
    cores: int = 1
    start_up_seconds: float | None = None  # the time besides the steady state
    memory_mb: float | None = None  # peak proportional set size, all processes
    others: Mapping[str, Any] = field(default_factory=dict)  # times by stage, MB a second, …


@dataclass
class Table:
    """All rows of a run, on one machine."""

    rows: list[Row] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)

    def rate(self, what: str) -> float | None:
        """Return the speed of a row, or None if it was not measured."""
        return next((row.per_second for row in self.rows if row.what == what), None)

    def compare(self, name: str, first: str, second: str) -> None:
        """Add the ratio of two rows' speeds, if both were measured."""
        a, b = self.rate(first), self.rate(second)
        # With `--only` some rows are missing.
        if a and b:
            self.ratios[name] = round(a / b, 2)

    def to_dict(self) -> dict[str, Any]:
        """Return the table for JSON."""
        rows = [asdict(row) for row in self.rows]
        return {"machine": machine(), "rows": rows, "ratios": self.ratios}

    def to_markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [_line(HEAD), "|---|---|" + "---:|" * (len(HEAD) - 2)]
        lines += [_line(_cells(row)) for row in self.rows]
        notes = [line for note in self._notes() for line in ("", note)]
        return "\n".join([_machine_line(), "", *lines, *notes, "", *self._ratios(), ""])

    def blocks(self) -> list[Block]:
        """Return the table as `benchmark` prints it."""
        # With `--only`, some columns are empty.
        columns = [_cells(row) for row in self.rows]
        filled = [i for i in range(len(HEAD)) if any(cells[i] for cells in columns)]
        table = TextTable(
            head=[HEAD[i] for i in filled],
            rows=[[cells[i] for i in filled] for cells in columns],
            texts=(0, 1),
        )
        notes, ratios = self._notes(), self._ratios()
        below = [*([""] if notes else []), *notes, *([""] if ratios else []), *ratios]
        return [_machine_line(), "", table, *below]

    def _notes(self) -> list[str]:
        return [
            f"{row.part}, {row.what}: "
            + ", ".join(f"{name.replace('_', ' ')} {_figure(v)}" for name, v in row.others.items())
            for row in self.rows
            if row.others
        ]

    def _ratios(self) -> list[str]:
        return [f"{name}: {ratio:g}" for name, ratio in self.ratios.items()]


def machine() -> dict[str, Any]:
    """Return a description of this machine."""
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    # Newer versions of torch know the processor's name; `platform` has its architecture only.
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return {
        "processor": capabilities.get("cpu_name", platform.processor()),
        "cores": os.cpu_count(),
        "gpus": ", ".join(gpus) or "none",
        "torch": torch.__version__,
        # The load of other processes explains a row that is slower than in an earlier table.
        "busy_before": round(os.getloadavg()[0], 2),
    }


def _machine_line() -> str:
    return ", ".join(f"{name}: {value}" for name, value in machine().items())


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.part,
        row.what,
        str(row.cores),
        f"{row.number:,}",
        _figure(row.per_second),
        _figure(row.per_second / row.cores),
        _figure(row.start_up_seconds),
        _figure(row.memory_mb),
    )


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
