import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.synth.scenes.layout import layout
from instancesketch.synth.scenes.page import Page
from instancesketch.synth.scenes.placement import place_object

WORDS = sorted(layout().types)
# Word, aspect ratio (width / height), and True to place it beside the previous object.
OBJECTS = st.tuples(st.sampled_from(WORDS), st.floats(0.02, 50), st.booleans())


@given(st.integers(0, 2**32), st.lists(OBJECTS, max_size=15), st.floats(10, 2_000))
def test_every_object_gets_a_box_on_the_page(
    seed: int, objects: list[tuple[str, float, bool]], unit: float
) -> None:
    page = Page(rng=np.random.default_rng(seed), width=1100, height=770, unit=unit)
    for word, aspect, again in objects:
        like = page.objects[-1] if again and page.objects else None
        box = place_object(page, word, aspect, like).box
        assert (box >= -1e-6).all()
        assert (box <= np.array([1100, 770, 1100, 770]) + 1e-6).all()
        assert (box[2:] > box[:2]).all()
    assert [placed.word for placed in page.objects] == [word for word, _, _ in objects]
