from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.core.taxonomy import Taxonomy, normalise
from instancesketch.synth.scenes.layout import layout
from instancesketch.synth.scenes.placement import Page
from instancesketch.synth.things.scenery import SCENERY, draw_scenery

ANYWHERE = {"sky", "ground", "wall", "backdrop", "any"}
WORDS = sorted(layout().kinds)


def test_places_are_known() -> None:
    for kind in layout().kinds.values():
        assert set(kind.places) <= ANYWHERE | set(layout().hosts)
        assert 0 < kind.size < 5


def test_what_is_said_of_a_word_is_said_of_one_that_has_a_kind() -> None:
    said = {*layout().often, *(word for words in layout().hosts.values() for word in words)}
    assert said <= set(layout().kinds)
    assert set(map(normalise, SCENERY)) <= set(layout().kinds)


def test_every_word_of_the_taxonomies_has_a_kind() -> None:
    names = [*Taxonomy.load("doodle7").categories, *Taxonomy.load("spg20").categories]
    assert set(map(normalise, names)) <= set(layout().kinds)


def test_every_word_of_quick_draw_has_a_kind(data_dir: Path) -> None:
    words = {normalise(path.stem) for path in (data_dir / "quickdraw").glob("*.ndjson")}
    assert len(words) > 300
    assert words <= set(layout().kinds)


def test_an_unknown_word_is_anything() -> None:
    assert layout().kind("no such word") == layout().kind("circle")
    assert layout().kind("Coffee_Cup") == layout().kind("coffee cup")


@given(
    st.integers(0, 2**32),
    st.lists(st.tuples(st.sampled_from(WORDS), st.floats(0.02, 50), st.booleans()), max_size=15),
    st.floats(10, 2_000),
)
def test_all_find_a_place_on_the_page(
    seed: int, wanted: list[tuple[str, float, bool]], unit: float
) -> None:
    page = Page(rng=np.random.default_rng(seed), width=1100, height=770, unit=unit)
    for word, aspect, again in wanted:
        like = page.things[-1] if again and page.things else None
        box = page.put(word, aspect, like).box
        assert (box >= -1e-6).all()
        assert (box <= np.array([1100, 770, 1100, 770]) + 1e-6).all()
        assert (box[2:] > box[:2]).all()
    assert [thing.word for thing in page.things] == [word for word, _, _ in wanted]


@pytest.mark.parametrize(
    ("small", "large"), [("cookie", "table"), ("cup", "person"), ("dog", "house")]
)
def test_sizes_are_relative(small: str, large: str) -> None:
    assert layout().kind(small).size < layout().kind(large).size


@pytest.mark.parametrize("word", SCENERY)
def test_props_are_drawn_with_strokes_that_differ(word: str) -> None:
    drawn = [draw_scenery(word, np.random.default_rng(seed)) for seed in range(20)]
    for strokes in drawn:
        assert strokes
        assert all(len(s) and np.isfinite(s).all() for s in strokes)
        assert np.ptp(np.concatenate(strokes), axis=0).max() == pytest.approx(255, rel=0.25)
    assert len({len(np.concatenate(strokes)) for strokes in drawn}) > 5
