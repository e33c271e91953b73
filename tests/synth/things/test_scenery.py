import numpy as np
import pytest

from instancesketch.synth.things.scenery import SCENERY, draw_scenery


@pytest.mark.parametrize("word", SCENERY)
def test_drawings_of_a_word_fill_the_box_and_differ(word: str) -> None:
    drawings = [draw_scenery(word, np.random.default_rng(seed)) for seed in range(20)]
    for strokes in drawings:
        assert strokes
        assert all(len(stroke) and np.isfinite(stroke).all() for stroke in strokes)
        assert np.ptp(np.concatenate(strokes), axis=0).max() == pytest.approx(255, rel=0.25)
    assert len({len(np.concatenate(strokes)) for strokes in drawings}) > 5
