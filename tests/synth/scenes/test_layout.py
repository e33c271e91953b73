from pathlib import Path

from instancesketch.core.taxonomy import Taxonomy, normalise
from instancesketch.synth.scenes.layout import layout
from instancesketch.synth.things.scenery import SCENERY

FREE_PLACES = {"sky", "ground", "wall", "backdrop", "any"}


def test_object_types_have_known_positions_and_plausible_sizes() -> None:
    for object_type in layout().types.values():
        assert set(object_type.places) <= FREE_PLACES | set(layout().hosts)
        assert 0 < object_type.size < 5


def test_hosts_frequent_words_and_scenery_have_a_type() -> None:
    hosts = {word for words in layout().hosts.values() for word in words}
    assert hosts | set(layout().frequency) <= set(layout().types)
    assert set(map(normalise, SCENERY)) <= set(layout().types)


def test_every_category_of_the_taxonomies_has_a_type() -> None:
    names = [*Taxonomy.load("doodle7").categories, *Taxonomy.load("spg20").categories]
    assert set(map(normalise, names)) <= set(layout().types)


def test_every_word_of_quick_draw_has_a_type(data_dir: Path) -> None:
    words = {normalise(path.stem) for path in (data_dir / "quickdraw").glob("*.ndjson")}
    assert len(words) > 300
    assert words <= set(layout().types)


def test_an_unknown_word_has_the_type_any() -> None:
    assert layout().type_of("no such word") == layout().type_of("circle")
    assert layout().type_of("no such word").name == "any"


def test_spellings_of_a_word_have_equal_types() -> None:
    assert layout().type_of("Coffee_Cup") == layout().type_of("coffee cup")
