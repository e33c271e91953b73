"""How good a result is: the one place where figures are computed."""

from instancesketch.metrics.evaluation import Evaluation, evaluate, paired_bootstrap
from instancesketch.metrics.formatting import format_figures
from instancesketch.metrics.grouping import GroupingTally, Outcomes, outcomes
from instancesketch.metrics.matching import stroke_order
from instancesketch.metrics.parts import Tally, scene_weights, stroke_weights
from instancesketch.metrics.scenes import SceneOutcomes, SceneTally, scene_outcomes
from instancesketch.metrics.scored import Answers, SceneAnswers

__all__ = [
    "Answers",
    "Evaluation",
    "GroupingTally",
    "Outcomes",
    "SceneAnswers",
    "SceneOutcomes",
    "SceneTally",
    "Tally",
    "evaluate",
    "format_figures",
    "outcomes",
    "paired_bootstrap",
    "scene_outcomes",
    "scene_weights",
    "stroke_order",
    "stroke_weights",
]
