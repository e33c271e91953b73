import pytest

from instancesketch.formats import Rejection


@pytest.mark.parametrize(
    "fields",
    ['"segments": [["{}"]], "category": "car"', '"segments": [["a"]], "word": "{}"'],
    ids=["label", "word"],
)
def test_reasons_that_quote_the_file_are_shortened(read_bytes, fields):
    data = '{"lines": [[[0, 0]]], ' + fields.format("x" * 10_000_000) + "}"
    (found,) = read_bytes(data.encode(), "a.json")
    assert isinstance(found, Rejection)
    assert len(found.reason) <= 501
