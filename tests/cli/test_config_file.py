from pathlib import Path

import pytest

from instancesketch.cli.main import parse
from instancesketch.core.errors import UserError


def test_options_on_the_command_line_override_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(
        'out = "from-file"\nworkers = 3\nweights = ["a", "b"]\ngiven_category = true\nquiet = false'
    )
    args = parse(["segment", "x", "--config", str(file), "--workers=5"])
    assert (args.out, args.workers, args.weights) == ("from-file", 5, ["a", "b"])
    assert (args.given_category, args.quiet) == (True, False)
    assert parse(["segment", "x", f"--config={file}", "--weights", "c"]).weights == ["c"]


def test_list_in_the_file_does_not_consume_later_arguments(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('data = ["a", "b"]\nset = ["model.width=8", "epochs=2"]\nworkers = "1-2"')
    args = parse(["train", "--config", str(file), "--run", "r", "segmenter"])
    assert (args.model, args.data) == ("segmenter", ["a", "b"])
    assert (args.set, args.workers) == (["model.width=8", "epochs=2"], (1, 2))


def test_changes_on_the_command_line_follow_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('set = ["epochs=3"]\ntrials = 5\nselect = "tenth"')
    command = f"tune refiner --data a --run r --config {file} --set epochs=2 --select valid"
    args = parse(command.split())
    assert (args.set, args.trials, args.selection) == (["epochs=3", "epochs=2"], 5, "valid")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("wrokers = 3", "unknown key 'wrokers'; known keys are .*, workers"),
        ('config = "c.toml"', "unknown key 'config'"),
        ("workers = true", "workers can't be True"),
        ("workers = [1, 2]", r"workers can't be \[1, 2\]"),
        ("[workers]\nn = 3", "workers can't be"),
        ("quiet = 1", "quiet is true or false"),
        ('split-by = "moon"', "invalid choice: 'moon'"),
        ("workers = ", "is not a TOML file"),
    ],
)
def test_invalid_file_is_refused(tmp_path: Path, text: str, error: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(UserError, match=error):
        parse(["ingest", "x", "--out", "y", "--config", str(tmp_path / "c.toml")])
