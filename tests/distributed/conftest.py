"""A corpus with the splits `train` and `valid`."""

import pytest

from tests.drawings import corpus, drawn


@pytest.fixture(scope="session")
def split_corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a corpus of ninety drawings of `train` and ten of `valid`, in twenty row groups."""
    splits = [*["train"] * 9, "valid"]
    sketches = [s.replace(split=splits[i % 10]) for i, s in enumerate(drawn(100))]
    return corpus(tmp_path_factory.mktemp("drawings"), sketches, rows_per_group=10, files=2)
