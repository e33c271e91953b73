"""The parts of a benchmark, and how many drawings each takes.

Imports no torch, so that the CLI starts quickly.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from instancesketch.core.config import option
from instancesketch.core.errors import UserError

PARTS = ("segment", "one", "networks", "training", "ingest", "scenes")
_MIN_NUMBER = 8
MIN_TO_TRAIN = 256  # fewer than a few batches would measure nothing


@dataclass(frozen=True, kw_only=True)
class BenchmarkConfig:
    """The parts to measure, and the drawings to measure them with."""

    data: str | None = field(
        default=None,
        metadata=option("drawings to label (default: procedural drawings)", metavar="CORPUS"),
    )
    out: str = field(default="speed", metadata=option("folder for the table", metavar="DIR"))
    only: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "measure only these of segment, one, networks, training, ingest, scenes", metavar="PART"
        ),
    )
    number: int = field(
        default=100_000,
        metadata=option(
            "drawings to label, those of the data repeated as often as needed; other parts take "
            "fewer in proportion",
            metavar="N",
        ),
    )
    large: bool = field(default=False, metadata=option("label ten times as many as well"))
    precision: str = field(
        default="auto", metadata=option("float32, bfloat16 or auto, as for segment", metavar="P")
    )
    gpus: int = field(
        default=0, metadata=option("label on this number of GPUs as well", metavar="N")
    )
    quiet: bool = field(default=False, metadata=option("show no progress"))
    weights: str = "default"

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the parts to measure."""
        return self.only or PARTS

    # A smaller `number` shortens the slow parts as well; a larger one would only make them slower.

    @property
    def published_number(self) -> int:
        """Return the number of drawings for the published path, which is slow."""
        return min(2_000, self.number)

    @property
    def stages_number(self) -> int:
        """Return the number of drawings whose stages are timed one by one."""
        return min(10_000, self.number)

    @property
    def one_number(self) -> int:
        """Return the number of drawings to label one at a time."""
        return min(300, self.number)

    @property
    def training_number(self) -> int:
        """Return the number of drawings to train on."""
        return min(4_000, max(MIN_TO_TRAIN, self.number))

    @property
    def ingest_number(self) -> int:
        """Return the number of drawings to ingest from each format."""
        return min(4_000, self.number)

    @property
    def scenes_number(self) -> int:
        """Return the number of scenes to label."""
        return min(1_600, self.number)


def check(config: BenchmarkConfig) -> None:
    """Raise a UserError where a benchmark can't be measured."""
    if unknown := [part for part in config.parts if part not in PARTS]:
        raise UserError(f"--only {unknown[0]}: it is one of {', '.join(PARTS)}")
    if config.number < _MIN_NUMBER:
        raise UserError(f"--number {config.number}: at least {_MIN_NUMBER}")
