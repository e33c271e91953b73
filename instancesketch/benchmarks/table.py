"""The table of a benchmark: rows as they were measured, what they come to beside each other."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

HEAD = ("", "what", "cores", "number", "a second", "a second and core", "start-up s", "memory MB")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement."""

    part: str  # segment, training, …
    what: str
    number: int  # of drawings or scenes that went through
    per_second: float  # in steady state
    cores: int = 1
    start_up_seconds: float | None = None  # what the whole took besides
    memory_mb: float | None = None  # most at one time, shared pages shared out (PSS)
    others: Mapping[str, Any] = field(default_factory=dict)  # `stages`, MB/s, …


@dataclass
class Table:
    """All rows of a run, on one machine."""

    rows: list[Row] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)

    def rate(self, what: str) -> float | None:
        """What a row came to, or None where there is none."""
        return next((row.per_second for row in self.rows if row.what == what), None)

    def compare(self, name: str, first: str, second: str) -> None:
        """Notes how many times as fast as the second one is the first."""
        a, b = self.rate(first), self.rate(second)
        if a and b:
            self.ratios[name] = round(a / b, 2)

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        rows = [asdict(row) for row in self.rows]
        return {"machine": machine(), "rows": rows, "ratios": self.ratios}

    def to_markdown(self) -> str:
        """All of it, for people."""
        said = machine()
        lines = [", ".join(f"{name}: {value}" for name, value in said.items()), ""]
        lines += [_line(HEAD), "|---|---|" + "---:|" * (len(HEAD) - 2)]
        for row in self.rows:
            lines.append(
                _line(
                    (
                        row.part, row.what, str(row.cores), f"{row.number:,}",
                        _figure(row.per_second), _figure(row.per_second / row.cores),
                        _figure(row.start_up_seconds), _figure(row.memory_mb),
                    )
                )
            )  # fmt: skip
        for row in self.rows:
            if row.others:
                told = ", ".join(
                    f"{k.replace('_', ' ')} {_figure(v)}" for k, v in row.others.items()
                )
                lines += ["", f"{row.part}, {row.what}: {told}"]
        lines += ["", *(f"{name}: {ratio:g}" for name, ratio in self.ratios.items())]
        return "\n".join(lines) + "\n"


def machine() -> dict[str, Any]:
    """What it was measured on."""
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "processor": torch.cpu.get_capabilities().get("cpu_name", platform.processor())
        if hasattr(torch.cpu, "get_capabilities")
        else platform.processor(),
        "cores": os.cpu_count(),
        "gpus": ", ".join(gpus) or "none",
        "torch": torch.__version__,
        "busy_before": round(os.getloadavg()[0], 2),
    }


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
