"""The config of a sweep.

Imports the standard library, `core` and configs alone, so that the CLI starts without torch or Ray.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from instancesketch.core.config import option
from instancesketch.core.errors import UserError
from instancesketch.distributed.train.config import TrainConfig, check
from instancesketch.training.search_space import Space


@dataclass(frozen=True, kw_only=True)
class TuneConfig:
    """A sweep: a search space, the number of trials, and the run that all trials vary."""

    train: TrainConfig  # its recipe is the one that `space` starts from, its run the sweep's name
    space: Space
    trials: int = field(default=12, metadata=option("number of trials", metavar="N"))
    concurrent: int | None = field(
        default=None,
        metadata=option(
            "trials at a time, each with its workers and a CPU that reads for them (default: as "
            "many as the cluster has room for, once it has grown)",
            metavar="N",
        ),
    )
    grace: int | None = field(
        default=None,
        metadata=option(
            "epochs before a trial may be stopped (default: a quarter of all epochs)", metavar="N"
        ),
    )
    reduction: int = field(
        default=3,
        metadata=option("ASHA reduction factor: keep the top 1/R at each rung", metavar="R"),
    )

    def sweep_settings(self) -> dict[str, Any]:
        """Return the settings that a sweep has besides those of its runs."""
        return {
            "space": self.space.to_dict(),
            "trials": self.trials,
            "grace": self.grace or max(1, self.train.recipe.epochs // 4),
            "reduction": self.reduction,
        }


def check_sweep(config: TuneConfig) -> None:
    """Raise a UserError if the sweep is impossible whatever the cluster and the corpora."""
    check(config.train)
    epochs = config.train.recipe.epochs
    if config.trials < 1:
        raise UserError(f"--trials {config.trials}: a sweep needs at least one trial")
    if config.concurrent is not None and config.concurrent < 1:
        raise UserError(f"--concurrent {config.concurrent}: at least one trial at a time")
    if config.grace is not None and not 1 <= config.grace <= epochs:
        raise UserError(f"--grace {config.grace}: from 1 to all {epochs} epochs")
    if config.reduction < 2:
        raise UserError(f"--reduction {config.reduction}: keeps the top 1/R, so R is at least 2")
    if config.train.selection == "none":
        raise UserError("--select none: trials are compared by their score on the selection split")
