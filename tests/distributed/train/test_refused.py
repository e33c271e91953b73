"""Runs in one process that are refused before anything is written."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from instancesketch.core.errors import UserError
from instancesketch.distributed.train.in_process import train_in_process
from tests.distributed.train.runs import BARE, GROUPER, REFINER, config_of, write_files
from tests.drawings import composed, drawn, sketch_of


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    drawings = [s.replace(split="valid" if i % 2 else "train") for i, s in enumerate(drawn(40))]
    return write_files(tmp_path_factory.mktemp("refused") / "corpus", drawings)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"workers": 2}, "2 workers need a cluster"),
        ({"workers": (1, 2)}, "workers need a cluster"),
        ({"workers": 17}, "batches of 16 drawings can't be shared by 17 workers; raise --batch-s"),
        ({"workers": (2, 17)}, "can't be shared by 17 workers"),
        ({"workers": (2, 1)}, "the least comes first"),
        ({"workers": 0}, "at least one worker"),
        ({"track": "clearml"}, "not to clearml"),
        ({"run": "a/b"}, "plain name"),
        ({"run": ""}, "plain name"),
        ({"taxonomy": "spg20"}, "no labelled drawing"),
        ({"taxonomy": "nowhere"}, "no taxonomy"),
        ({"weights": ("nowhere",)}, "nowhere"),
        ({"data": ("/nowhere",)}, "is not a corpus"),
    ],
    ids=str,
)
def test_impossible_training_is_refused_before_anything_is_written(
    corpus: str, tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    config = replace(config_of(corpus, tmp_path / "runs", "r"), **values)
    with pytest.raises(UserError, match=message) as error:
        train_in_process(config)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "runs").exists()


SUN = sketch_of([(0, 0), (1, 1)], category="sun", split="train", part=("ray",))
(SCENE,) = composed(1)


@pytest.mark.parametrize(
    ("sketch", "values", "message"),
    [
        (SUN.replace(part=None), {}, "no labelled drawing"),
        (SUN.replace(split="test"), {}, "no labelled drawing"),
        (SUN.replace(part=("petal",)), {}, "'petal' of sun"),
        (SUN, {}, "no drawing to select"),
        # 0: several at once, or not known
        *(
            (SUN.replace(instance=i), {"recipe": REFINER, "selection": "none"}, "which instance")
            for i in (None, (None,), (0,))
        ),
        (BARE, {"recipe": GROUPER}, "no scene to train on"),
        (SCENE.replace(split="test"), {"recipe": GROUPER}, "no scene to train on"),
        (SCENE.replace(split="train"), {"recipe": GROUPER}, "no drawing to select"),
    ],
)
def test_unusable_corpora_are_refused_in_one_line(
    tmp_path: Path, sketch: Any, values: dict[str, Any], message: str
) -> None:
    corpus = write_files(tmp_path / "corpus", [sketch])
    with pytest.raises(UserError, match=message) as error:
        train_in_process(config_of(corpus, tmp_path / "runs", "run", **values))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "runs").exists()
