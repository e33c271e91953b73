"""Search spaces: shipped ones, custom files, and errors in them."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from instancesketch.core.errors import UserError
from instancesketch.core.model_kinds import MODEL_KINDS
from instancesketch.training.recipes import recipe
from instancesketch.training.search_space import Space, load


def space_of(tmp_path: Path, text: str, *changes: str) -> Space:
    path = tmp_path / "space.toml"
    path.write_text(text)
    return load("segmenter", str(path), "default", changes)


@pytest.mark.parametrize("kind", [k.name for k in MODEL_KINDS.values() if k.searchable])
def test_shipped_space_includes_the_recipe_itself(kind: str) -> None:
    space = load(kind, None, "default", ["epochs=3"])
    assert space.trial(space.base()) == recipe(kind, "default", ["epochs=3"])
    keys = {d.key for d in space.dimensions}
    assert {"learning_rate", "weight_decay", "augment.strength"} <= keys
    assert {f"model.{name}" for name in ("dropout", "width", "layers", "heads")} <= keys
    # Every width is divisible by every number of heads, or trials would fail.
    by_key = {d.key: d for d in space.dimensions}
    for width in by_key["model.width"].choices:
        assert all(width % heads == 0 for heads in by_key["model.heads"].choices)


def test_custom_file_defines_the_space_except_for_values_that_are_set(tmp_path: Path) -> None:
    text = """
        learning_rate = { range = [1e-4, 1], log = true }
        model.layers = { range = [2, 6] }
        model.heads = { choices = [2, 4] }
        model.channels = { choices = [[8, 8], [128, 128, 128]] }
        class_weights = { choices = [true, false] }
        [model.encoder]
        choices = ["both", "patches"]
    """
    space = space_of(tmp_path, text, "model.heads=8", "epochs=2")
    assert [d.key for d in space.dimensions] == [
        "learning_rate", "model.layers", "model.channels", "model.encoder", "class_weights"
    ]  # fmt: skip
    rate, layers = space.dimensions[:2]
    assert (rate.low, rate.high, rate.log) == (1e-4, 1.0, True)
    assert type(rate.high) is float
    assert type(layers.low) is int
    values = {
        "learning_rate": 1 / 3, "model.layers": 3, "model.channels": [8, 8],
        "model.encoder": "both", "class_weights": True,
    }  # fmt: skip
    config = space.trial(values)
    base = recipe("segmenter", "default")
    model = replace(base.model, layers=3, channels=(8, 8), encoder="both", heads=8)
    expected = replace(base, learning_rate=1 / 3, class_weights=True, epochs=2, model=model)
    assert asdict(config) == asdict(expected)
    assert space.trial(space.base()) == recipe("segmenter", "default", space.changes)


def test_incompatible_values_are_refused_by_the_trial(tmp_path: Path) -> None:
    text = "model.width = { choices = [128, 132] }\nmodel.heads = { choices = [4, 8] }"
    space = space_of(tmp_path, text)
    with pytest.raises(UserError, match="width 132 can't be shared by 8 heads"):
        space.trial({"model.width": 132, "model.heads": 8})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rate = ", "is not a TOML file"),
        ("", "nothing to search"),
        ("learning_rate = 3", "learning_rate must be { choices = [...] } or"),
        ("[model]\nwidth = 3", "model.width must be { choices = [...] } or"),
        ("learning_rate = {}", "give choices, or a range"),
        ("learning_rate = { range = [1e-4, 1], steps = 3 }", "give choices, or a range"),
        ("learning_rate = { range = [1e-4, 1], log = 1 }", "give choices, or a range"),
        ("learning_rate = { range = [1e-4] }", "a range is two numbers"),
        ("learning_rate = { range = ['a', 'b'] }", "a range is two numbers"),
        ("learning_rate = { range = [1, 1e-4] }", "from the lowest to the highest"),
        ("learning_rate = { range = [0, 1], log = true }", "above zero where log = true"),
        ("learning_rate = { range = [0, inf] }", "from the lowest to the highest"),
        ("learning_rate = { range = [0.1, 0.2] }", "leaves out the recipe's own 0.0015"),
        ("model.layers = { range = [1.5, 6] }", "a range is two whole numbers"),
        ("model.layers = { range = [0, 6] }", "a layer and a convolution at least"),
        ("model.encoder = { range = [1, 2] }", "'patches' isn't a number; give choices"),
        (
            "model.encoder = { choices = ['points', 'pixels'] }",
            "one of patches, points, raster, both",
        ),
        ("model.encoder = { choices = [] }", "choices must be a list of values"),
        ("model.encoder = { choices = ['raster'] }", "leaves out the recipe's own 'patches'"),
        ("model.width = { choices = [128, 'wide'] }", "must be like 128"),
        ("model.depth = { choices = [1] }", "no 'model.depth' in a recipe"),
        ("oversample = { choices = [{ cloud = 2 }] }", "choices must be a list of values"),
    ],
)
def test_error_in_a_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        space_of(tmp_path, text)
    assert message in str(error.value)
    assert "space.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no\.toml: No such file"):
        load("refiner", str(tmp_path / "no.toml"), "default", [])
