"""The taxonomy of a run: the one that its corpora were made with, unless another is given."""

from pathlib import Path

import pytest

from instancesketch.cli.main import main
from instancesketch.distributed.train.resolve import resolve
from instancesketch.formats import write
from tests.distributed.train.runs import config_of
from tests.drawings import drawn

OWN = """
name = "own"
[categories.sun]
parts = ["center", "ray", "unlabeled"]
countable = ["ray"]
"""


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a corpus of an own taxonomy, `own`, and one without, `plain`."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "own.toml").write_text(OWN)
    suns = [s.replace(split="train") for s in drawn(30) if s.category == "sun"]
    write(suns, "cvat", str(folder / "in"))
    ingest = ["ingest", str(folder / "in"), "--split-by", "sketch"]
    given = ["--taxonomy", str(folder / "own.toml")]
    assert main([*ingest, *given, "--out", str(folder / "own")]) == 0
    assert main([*ingest, "--out", str(folder / "plain")]) == 0
    # It is in the corpus, not in a file that may be gone.
    (folder / "own.toml").unlink()
    return folder


@pytest.mark.parametrize(
    ("corpus", "given", "expected"),
    [
        ("own", None, "own"),
        ("own", "doodle7", "doodle7"),
        ("plain", None, "doodle7"),
    ],
)
def test_run_takes_the_taxonomy_of_its_corpus_unless_one_is_given(
    corpora: Path, corpus: str, given: str | None, expected: str
) -> None:
    config = config_of(str(corpora / corpus), corpora, "run", taxonomy=given, selection="none")
    settings, train, _ = resolve(config)
    assert settings["taxonomy"]["name"] == expected
    assert sum(group.rows for group in train) > 0
