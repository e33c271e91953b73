import pyarrow as pa

from instancesketch.batch.stages import ShardState, StageUsage, from_row, to_row
from tests.batch.test_runner import Named


def test_shard_state_survives_the_conversion_to_a_row_and_back() -> None:
    usage = {"reading": StageUsage(seconds=1.0, memory_mb=2.0, node="n")}
    whole = pa.table({"a": [[1, 2], [], [3]]})
    state = ShardState(
        shard=Named("part-0"),
        rows=whole.slice(1, 2),
        manifest=pa.schema([("b", pa.int8())]).empty_table(),
        usage=usage,
    )
    assert from_row(to_row(state)) == state
    assert from_row(to_row(ShardState(shard=Named("part-0")))) == ShardState(shard=Named("part-0"))
