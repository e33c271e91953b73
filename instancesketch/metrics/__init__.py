"""How good a result is: the one place where figures are computed."""

from instancesketch.metrics.evaluation import Answers, Evaluation, evaluate, paired_bootstrap
from instancesketch.metrics.grouping import GroupingTally, Outcomes, outcomes
from instancesketch.metrics.tally import Tally, stroke_weights
from instancesketch.metrics.text import format_figures

__all__ = [
    "Answers",
    "Evaluation",
    "GroupingTally",
    "Outcomes",
    "Tally",
    "evaluate",
    "format_figures",
    "outcomes",
    "paired_bootstrap",
    "stroke_weights",
]
