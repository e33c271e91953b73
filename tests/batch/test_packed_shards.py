import pyarrow as pa
import pytest

from instancesketch.batch.stages import ShardState, StageUsage, from_bytes, pack, to_bytes, unpack
from instancesketch.core.schema import SCHEMA, to_table
from tests.batch.test_runner import Named
from tests.drawings import drawn

SHARD = Named("part-0")
USAGE = {"reading": StageUsage(seconds=1.0, memory_mb=2.0, node="n")}
MANIFEST = pa.table({"reason": ["broken", None]})
DRAWINGS = to_table(drawn(5))


@pytest.mark.parametrize(
    ("state", "rows"),
    [
        pytest.param(ShardState(shard=SHARD), 1, id="before the first stage"),
        pytest.param(
            ShardState(shard=SHARD, rows=DRAWINGS.slice(1, 3), manifest=MANIFEST, usage=USAGE),
            3,
            id="between two stages",
        ),
        pytest.param(
            ShardState(shard=SHARD, rows=SCHEMA.empty_table(), manifest=MANIFEST),
            1,
            id="without rows, in columns that have no nulls",
        ),
        pytest.param(ShardState(shard=SHARD, written=4, usage=USAGE), 4, id="written"),
        pytest.param(ShardState(shard=SHARD, error="no room"), 1, id="failed"),
    ],
)
def test_a_shard_is_packed_as_a_table_of_its_rows_and_unpacked(
    state: ShardState, rows: int
) -> None:
    table = pack(state)
    assert len(table) == rows
    found = unpack(from_bytes(to_bytes(table)))
    assert found == state
    assert found.rows.schema.equals(state.rows.schema)


def test_parts_of_a_shard_and_two_shards_are_refused() -> None:
    table = pack(ShardState(shard=SHARD, rows=DRAWINGS))
    for part in (table.slice(0, 4), table.slice(1), pa.concat_tables([table, table])):
        with pytest.raises(ValueError, match="cut, or joined"):
            unpack(part)


def test_a_slice_is_packed_without_the_rest_of_its_table() -> None:
    whole = pa.concat_tables([DRAWINGS] * 100).combine_chunks()
    one = pack(ShardState(shard=SHARD, rows=whole.slice(7, 1)))
    assert 20 * len(to_bytes(one)) < len(to_bytes(pack(ShardState(shard=SHARD, rows=whole))))
