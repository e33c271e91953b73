"""The importance of the values of a sweep."""

import random

from instancesketch.results.importance import importance_of
from instancesketch.tracking.sweep import Trial
from instancesketch.training.search_space import Dimension

DIMENSIONS = [
    Dimension(key="rate", low=0.001, high=0.1, log=True),
    Dimension(key="layers", low=1, high=6),
    Dimension(key="channels", choices=([8], [64, 128])),
]


def trials(number: int) -> list[Trial]:
    """Return trials whose score depends on the channels alone."""
    chance = random.Random(0)
    found = []
    for i in range(1, number + 1):
        channels = chance.choice(([8], [64, 128]))
        rate, layers = chance.uniform(0.001, 0.1), chance.randint(1, 6)
        found.append(
            Trial(
                number=i, values={"rate": rate, "layers": layers, "channels": channels},
                outcome="finished", reason="", retry=False, epochs=1,
                score=50.0 + 10 * len(channels), best_epoch=1, scores=(), seconds=1.0,
            )
        )  # fmt: skip
    return found


def test_value_that_decides_the_score_is_the_most_important() -> None:
    found = importance_of(trials(20), DIMENSIONS)
    assert found is not None
    assert next(iter(found)) == "channels"
    assert found["channels"] > 0.8
    assert importance_of(trials(20), DIMENSIONS) == found


def test_few_trials_have_no_importance() -> None:
    assert importance_of(trials(4), DIMENSIONS) is None
