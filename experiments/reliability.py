"""A reliability diagram of a result: how often categories and parts of a score are right.

python -m experiments.reliability result --truth corpus --out reliability.svg
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Mapping, Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from instancesketch.core import storage
from instancesketch.metrics import Reliability
from instancesketch.results.evaluate import evaluate


def draw(tables: Mapping[str, Reliability]) -> Figure:
    """Draw a panel for each table: the share of right ones over the mean score of each bin."""
    figure = Figure(figsize=(4.2 * len(tables), 4.2), layout="constrained")
    panels = figure.subplots(1, len(tables), squeeze=False)[0]
    for panel, (name, table) in zip(panels, tables.items(), strict=True):
        _draw_panel(panel, name, table)
    return figure


def _draw_panel(panel: Axes, name: str, table: Reliability) -> None:
    panel.plot([0, 1], [0, 1], color="#7f7f7f", linestyle="--", linewidth=1)
    panel.plot(table.score_M, table.right_M, marker="o", markersize=4, color="#1f77b4")
    error = "" if table.error is None else f": expected calibration error {table.error:.1f} %"
    panel.set(
        title=f"{name}{error}", xlabel="score", ylabel="share that is right",
        xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal",
    )  # fmt: skip
    panel.grid(alpha=0.3)


def to_text(name: str, table: Reliability) -> str:
    """Return a table as text: a line for each bin."""
    lines = [f"{name:10}{'scores':>16}{'mean score':>12}{'right':>10}{'number':>10}"]
    for row in table.rows():
        span = f"{row['low']:.1f} to {row['high']:.1f}"
        lines.append(
            f"{'':10}{span:>16}{row['score']:>12.1f}{row['right']:>10.1f}{row['count']:>10,}"
        )
    error = "-" if table.error is None else f"{table.error:.2f}"
    return "\n".join([*lines, f"{name} ECE {error}"])


def main(argv: Sequence[str] | None = None) -> None:
    """Print both tables of a result, in percent, and write their diagram."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", metavar="RESULT")
    parser.add_argument("--truth", required=True, metavar="CORPUS")
    parser.add_argument("--split", metavar="S")
    parser.add_argument("--out", default="reliability.svg", metavar="FILE")
    args = parser.parse_args(argv)
    scored = evaluate(args.result, args.truth, args.split).scored
    tables = {"category": scored.category_reliability(), "part": scored.part_reliability()}
    for name, table in tables.items():
        print(to_text(name, table))
    stream = io.StringIO()
    # Without salt and date the same result would give another file each time.
    with rc_context({"svg.hashsalt": "instancesketch"}):
        draw(tables).savefig(stream, format="svg", metadata={"Date": None})
    storage.write_text(args.out, stream.getvalue())


if __name__ == "__main__":
    main()
