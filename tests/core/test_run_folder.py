from pathlib import Path
from typing import Any

import pytest

from instancesketch.core.errors import UserError
from instancesketch.core.run_folder import JOB, RUN, Layout, claim, is_claimed

CONFIG: dict[str, Any] = {
    "verb": "ingest",
    "sources": ["a" * 80],
    "format": "auto",
    "recipe": {"epochs": 6, "model": {"layers": 2}},
    "taxonomy": {"name": "doodle7"},
}


@pytest.mark.parametrize(
    ("layout", "file"), [(JOB, "_state/settings.json"), (RUN, "config.json")], ids=["job", "run"]
)
def test_an_equal_config_continues_a_folder(layout: Layout, file: str, tmp_path: Path) -> None:
    folder = str(tmp_path / "out")
    assert not is_claimed(folder, CONFIG, layout)
    assert claim(folder, CONFIG, layout) is None
    assert (tmp_path / "out" / file).exists()
    assert is_claimed(folder, CONFIG | {"sources": ("a" * 80,)}, layout)
    assert claim(folder, CONFIG, layout) is None
    (tmp_path / "out" / "summary.json").write_text('{"rows": 1}')
    assert claim(folder, CONFIG, layout) == {"rows": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "svg"}, "format was auto, is svg"),
        ({"format": None, "sources": ["b"]}, "format was auto, is None; sources"),
        ({"recipe": {"epochs": 6, "model": {"layers": 3}}}, "layers was 2, is 3"),
        ({"recipe": {"model": {"layers": 2}}}, "epochs was 6, is None"),
        ({"recipe": {"epochs": 6, "model": {"layers": 2}, "seed": 1}}, "seed was None, is 1"),
        ({"taxonomy": {"name": "doodle7", "parts": []}}, "taxonomy"),
        ({"new": 1}, "new was None, is 1"),
    ],
)
def test_another_config_is_refused_with_its_differences(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    claim(str(tmp_path), CONFIG, RUN)
    with pytest.raises(UserError) as error:
        claim(str(tmp_path), CONFIG | change, RUN)
    assert f"was made with another config ({message}): " in str(error.value)
    assert str(error.value).endswith("or choose another --run")


def test_a_key_of_an_earlier_version_is_ignored(tmp_path: Path) -> None:
    claim(str(tmp_path), CONFIG | {"old": 1}, RUN)
    assert is_claimed(str(tmp_path), CONFIG, RUN)


@pytest.mark.parametrize("value", [0, 0.0, False, None])
def test_a_new_key_that_changes_nothing_continues_a_run_of_an_earlier_version(
    value: Any, tmp_path: Path
) -> None:
    claim(str(tmp_path), CONFIG, RUN)
    recipe = {"epochs": 6, "model": {"layers": 2, "image": value}, "new": value}
    assert is_claimed(str(tmp_path), CONFIG | {"recipe": recipe}, RUN)


def test_a_job_without_a_key_of_the_earlier_one_is_refused(tmp_path: Path) -> None:
    claim(str(tmp_path), CONFIG | {"old": 1}, JOB)
    with pytest.raises(UserError, match=r"another config \(old was 1, is None\)"):
        is_claimed(str(tmp_path), CONFIG, JOB)


def test_a_folder_with_other_files_is_refused_as_output(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_text("")
    with pytest.raises(UserError, match=r"already holds 'holiday\.jpg'.* new folder for --out"):
        is_claimed(str(tmp_path), CONFIG, JOB)
    assert not is_claimed(str(tmp_path), CONFIG, RUN)


def test_a_job_stopped_before_it_wrote_its_config_can_begin_again(tmp_path: Path) -> None:
    (tmp_path / "_state").mkdir()
    assert not is_claimed(str(tmp_path), CONFIG, JOB)
