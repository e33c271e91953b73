"""A corpus with the splits `train` and `valid`, and a process group of one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drawings import corpus, drawn


@pytest.fixture(scope="session")
def split_corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a corpus of ninety drawings of `train` and ten of `valid`, in twenty row groups."""
    splits = [*["train"] * 9, "valid"]
    sketches = [s.replace(split=splits[i % 10]) for i, s in enumerate(drawn(100))]
    return corpus(tmp_path_factory.mktemp("drawings"), sketches, rows_per_group=10, files=2)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[None]:
    """Connect a group of this process alone, whose average is what it has itself."""
    import torch.distributed as dist

    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    yield
    dist.destroy_process_group()
