import pytest

from instancesketch.core.errors import SketchError, UserError
from instancesketch.core.taxonomy import Taxonomy, normalise, side_of, with_side

DOODLE7 = Taxonomy.load("doodle7")
MINIMAL = {"name": "mine", "categories": {"boat": {"parts": ["hull", "sail"]}}}


@pytest.mark.parametrize("word", ["Front Left_leg", "front-left-leg", " FRONT - left leg "])
def test_spellings_of_a_word_are_normalised(word: str) -> None:
    assert normalise(word) == "front-left-leg"


@pytest.mark.parametrize(
    ("category", "label", "resolved"),
    [
        ("4leg", "front-left-paw", ("front-leg", "front-left-leg")),
        ("4leg", "left front leg", ("front-leg", "front-left-leg")),
        ("4leg", "Front_Leg", ("front-leg", "front-leg")),
        ("cloud", "cloud", ("body", "body")),
        ("tree", "steam", ("trunk", "trunk")),
    ],
)
def test_labels_resolve_to_part_and_side(category: str, label: str, resolved: object) -> None:
    assert DOODLE7.resolve_label(category, label) == resolved


@pytest.mark.parametrize("label", ["left-head", "wing", ""])
def test_unknown_labels_are_refused_with_hints(label: str) -> None:
    with pytest.raises(SketchError, match=r"for 4leg of doodle7; (nearest|it has)"):
        DOODLE7.resolve_label("4leg", label)


def test_words_resolve_to_categories() -> None:
    words = {"Dog": "4leg", "police car": "car", "sun": "sun", "teapot": None, None: None}
    assert {word: DOODLE7.category_of(word) for word in words} == words


def test_class_of_a_word_that_names_no_category_is_other_unless_it_is_too_near() -> None:
    default = Taxonomy.load("default")
    words = {"Dog": "4leg", "teapot": "other", "palm_tree": None, None: None, "other": "other"}
    assert {word: default.class_of(word) for word in words} == words
    assert default.category_of("teapot") is None
    assert DOODLE7.class_of("teapot") is None


def test_spellings_of_spg_resolve_in_the_default_taxonomy() -> None:
    spg20, default = Taxonomy.load("spg20"), Taxonomy.load("default")
    for category in spg20.categories.values():
        name = default.category_of(category.name)
        assert name is not None
        for part in category.parts:
            assert default.resolve_label(name, part)[0] in default.categories[name].parts


def test_sides_are_part_of_labels() -> None:
    assert with_side("front-leg", "left") == "front-left-leg"
    assert side_of("front-leg", "front-left-leg") == "left"
    assert side_of("front-leg", "front-leg") is None


def test_every_shipped_taxonomy_is_restored_from_its_dict() -> None:
    for name in Taxonomy.shipped():
        taxonomy = Taxonomy.load(name)
        assert Taxonomy.from_dict(taxonomy.to_dict()) == taxonomy


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"colour": "red"}, "the taxonomy has an unknown key 'colour'"),
        ({"categories": {"boat": {"parts": []}}}, "category boat has no parts"),
        ({"categories": {"other": {"parts": ["hull"]}}}, "category other has parts"),
        ({"categories": {"boat": {"parts": ["hull"], "title": 3}}}, "title must be a text"),
        ({"neither": "ship"}, "neither must be a list of names"),
        ({"categories": {"boat": {"parts": ["Hull", "hull"]}}}, "lists a part twice"),
        ({"categories": {"boat": {"parts": ["hull"], "sided": ["sail"]}}}, "sided names 'sail'"),
        ({"categories": {"boat": {"parts": "hull"}}}, "must be a list of names"),
        ({"categories": {"boat": 3}}, "category boat is not a table"),
    ],
)
def test_invalid_taxonomies_are_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        Taxonomy.from_dict(MINIMAL | change)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["tree", "Car"], ("car", "tree")),
        (["police car", "four-legged animal", "swan"], ("car", "4leg", "2leg")),
        (["other", "2leg", "bird"], ("2leg", "other")),
    ],
)
def test_taxonomies_are_restricted_by_names_titles_and_words(
    words: list[str], names: tuple[str, ...]
) -> None:
    default = Taxonomy.load("default")
    few = default.restrict(words)
    assert few.category_names == names
    assert all(few.categories[name] == default.categories[name] for name in names)
    assert few.class_of("teapot") == ("other" if "other" in names else None)


@pytest.mark.parametrize(
    ("word", "hint"), [("four legged animals", "nearest: four-legged-animal"), ("qqq", "; car, ")]
)
def test_unknown_categories_are_refused_with_the_nearest(word: str, hint: str) -> None:
    with pytest.raises(UserError, match=f"'{word}' is no category of default") as error:
        Taxonomy.load("default").restrict(["car", word])
    assert hint in str(error.value)
