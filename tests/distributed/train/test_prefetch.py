from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from instancesketch.core.schema import to_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.train import prefetch
from instancesketch.distributed.train.prefetch import Streams
from instancesketch.training import sampling
from instancesketch.training.config import Role
from instancesketch.training.sampling import Unit
from tests.drawings import drawn

pytestmark = pytest.mark.ray

# Row groups 0 to 3 are of train, 4 and 5 of valid.
GROUPS, SIZE = 6, 5
Chapter = tuple[Role, list[int]]
EPOCHS: list[Chapter] = [("train", [2, 0, 3, 1]), ("select", [4, 5]), ("train", [1, 3, 2, 0])]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    sketches = [
        s.replace(sketch_id=f"{i // SIZE}-{i % SIZE}", split="train" if i < 4 * SIZE else "valid")
        for i, s in enumerate(drawn(GROUPS * SIZE, seed=2))
    ]
    found = tmp_path_factory.mktemp("corpus") / "rows.parquet"
    pq.write_table(to_table(sketches), found, row_group_size=SIZE)
    return str(found)


def streams(path: str, chapters: list[Chapter]) -> Streams:
    read = partial(sampling.read_unit, selection="valid", taxonomy=Taxonomy.load("doodle7"))
    units = [(role, [Unit(path=path, row_group=i) for i in groups]) for role, groups in chapters]
    return Streams(units, read)


def groups(tables: list[pa.Table]) -> list[int]:
    """The row groups that tables came from, each of which was read whole and in order."""
    found = []
    for table in tables:
        ids = table["sketch_id"].to_pylist()
        found.append(int(ids[0][0]))
        assert ids == [f"{found[-1]}-{i}" for i in range(SIZE)]
    return found


@pytest.mark.parametrize("most", [1, 5, 256], ids=["a stream each", "two and one", "one for all"])
def test_chapters_come_in_order(
    ray_cluster: None, path: str, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(prefetch, "MOST_UNITS", most)
    read = streams(path, EPOCHS)
    assert [groups(list(read.chapter())) for _ in EPOCHS] == [wanted for _, wanted in EPOCHS]


def test_what_is_left_of_a_chapter_is_passed_over(ray_cluster: None, path: str) -> None:
    read = streams(path, EPOCHS)
    assert groups([next(read.chapter())]) == [2]
    assert groups(list(read.chapter())) == [4, 5]
    read.chapter()  # nothing of it is looked at
    assert list(read.chapter()) == []


def test_a_chapter_may_have_no_rows(ray_cluster: None, path: str) -> None:
    read = streams(path, [("select", [0, 1]), ("train", []), ("train", [3]), ("select", [2])])
    assert [groups(list(read.chapter())) for _ in range(4)] == [[], [], [3], []]


def test_tables_are_as_they_were_read(ray_cluster: None, path: str) -> None:
    (table,) = streams(path, [("train", [1])]).chapter()
    unit = Unit(path=path, row_group=1)
    wanted = sampling.read_unit(unit, "train", "valid", Taxonomy.load("doodle7"))
    assert table.schema.names == wanted.schema.names
    assert table.to_pylist() == wanted.to_pylist()
