"""Prefetching yields row groups in order, pass by pass, for any number of streams."""

from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from instancesketch.core.errors import find_user_error
from instancesketch.core.schema import to_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.train import prefetch
from instancesketch.distributed.train.prefetch import Prefetcher
from instancesketch.training import sampling
from instancesketch.training.config import Role
from instancesketch.training.sampling import RowSubset
from tests.drawings import drawn

pytestmark = pytest.mark.ray

# Row groups 0 to 3 are of train, 4 and 5 of valid.
GROUPS, SIZE = 6, 5
Pass = tuple[Role, list[int]]
EPOCHS: list[Pass] = [("train", [2, 0, 3, 1]), ("select", [4, 5]), ("train", [1, 3, 2, 0])]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    sketches = [
        s.replace(sketch_id=f"{i // SIZE}-{i % SIZE}", split="train" if i < 4 * SIZE else "valid")
        for i, s in enumerate(drawn(GROUPS * SIZE, seed=2))
    ]
    found = tmp_path_factory.mktemp("corpus") / "rows.parquet"
    pq.write_table(to_table(sketches), found, row_group_size=SIZE)
    return str(found)


def prefetcher(path: str, passes: list[Pass]) -> Prefetcher:
    read = partial(sampling.read_rows, selection="valid", taxonomy=Taxonomy.load("doodle7"))
    subsets = [
        (role, [RowSubset(path=path, row_group=i) for i in groups]) for role, groups in passes
    ]
    return Prefetcher(subsets, read)


def groups(tables: list[pa.Table]) -> list[int]:
    """Return the row groups of tables, each of which was read whole and in order."""
    found = []
    for table in tables:
        ids = table["sketch_id"].to_pylist()
        found.append(int(ids[0][0]))
        assert ids == [f"{found[-1]}-{i}" for i in range(SIZE)]
    return found


@pytest.mark.parametrize(
    "most", [1, 5, 256], ids=["a stream per pass", "two and one", "one stream"]
)
def test_passes_are_read_in_order(
    ray_cluster: None, path: str, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(prefetch, "MAX_READS", most)
    read = prefetcher(path, EPOCHS)
    assert [groups(list(next(read))) for _ in EPOCHS] == [wanted for _, wanted in EPOCHS]


def test_the_rest_of_a_pass_is_skipped(ray_cluster: None, path: str) -> None:
    read = prefetcher(path, EPOCHS)
    assert groups([next(next(read))]) == [2]
    assert groups(list(next(read))) == [4, 5]
    next(read)  # a pass whose rows are not read
    assert next(read, None) is None


def test_a_pass_may_have_no_rows(ray_cluster: None, path: str) -> None:
    read = prefetcher(path, [("select", [0, 1]), ("train", []), ("train", [3]), ("select", [2])])
    assert [groups(list(next(read))) for _ in range(4)] == [[], [], [3], []]


def test_tables_arrive_unchanged(ray_cluster: None, path: str) -> None:
    (table,) = next(prefetcher(path, [("train", [1])]))
    subset = RowSubset(path=path, row_group=1)
    wanted = sampling.read_rows(subset, "train", "valid", Taxonomy.load("doodle7"))
    assert table.schema.names == wanted.schema.names
    assert table.to_pylist() == wanted.to_pylist()


def test_row_group_with_fewer_drawings_than_were_counted_is_named(
    ray_cluster: None, path: str
) -> None:
    read = partial(sampling.read_rows, selection="valid", taxonomy=Taxonomy.load("doodle7"))
    subset = RowSubset(path=path, row_group=1, drawings=SIZE + 1)
    with pytest.raises(Exception, match=r"rows\.parquet was changed") as raised:
        list(next(Prefetcher([("train", [subset])], read)))
    # Through Ray's own errors the command finds the line that it prints.
    assert f"has {SIZE} to train on, not {SIZE + 1}" in str(find_user_error(raised.value))
