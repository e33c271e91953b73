import pytest

from instancesketch.batch.job import refuse_overlap
from instancesketch.core.errors import UserError


@pytest.mark.parametrize(("source", "out"), [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_sources_and_output_within_each_other_are_refused(source: str, out: str) -> None:
    with pytest.raises(UserError, match="lie in each other"):
        refuse_overlap(["elsewhere", source], out)
    refuse_overlap([source], "ab")
