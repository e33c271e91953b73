"""Figures of results compared with their truth; nothing else computes them."""

from instancesketch.metrics.calibration import Reliability, reliability
from instancesketch.metrics.evaluation import Evaluation, evaluate, paired_bootstrap
from instancesketch.metrics.formatting import format_figures
from instancesketch.metrics.grouping import GroupingTally, GroupOutcomes, judge_groups
from instancesketch.metrics.matching import stroke_order
from instancesketch.metrics.novelty import known_scores, separate
from instancesketch.metrics.parts import PartTally, scene_weights, stroke_weights
from instancesketch.metrics.scenes import SceneOutcomes, SceneTally, judge_scenes
from instancesketch.metrics.scored import ScoredScenes, ScoredSketches

__all__ = [
    "Evaluation",
    "GroupOutcomes",
    "GroupingTally",
    "PartTally",
    "Reliability",
    "SceneOutcomes",
    "SceneTally",
    "ScoredScenes",
    "ScoredSketches",
    "evaluate",
    "format_figures",
    "judge_groups",
    "judge_scenes",
    "known_scores",
    "paired_bootstrap",
    "reliability",
    "scene_weights",
    "separate",
    "stroke_order",
    "stroke_weights",
]
