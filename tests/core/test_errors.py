import pytest

from instancesketch.core.errors import ReasonCounter, mask_details


@pytest.mark.parametrize(
    ("reason", "masked"),
    [
        ("stroke 3 has no points", "stroke … has no points"),
        (
            "'q-1': unknown label 'wng' for 4leg of doodle7",
            "…: unknown label 'wng' for 4leg of doodle7",
        ),
        (
            "category 'rowbot' is not one of spg20: ant",
            "category 'rowbot' is not one of spg20: ant",
        ),
        ("no /data/x.txt beside it", "no … beside it"),
        ("a coordinate is beyond 1e+07", "a coordinate is beyond …"),
        ("x is -3.5, y 12", "x is … y …"),
    ],
)
def test_details_of_single_records_are_masked(reason: str, masked: str) -> None:
    assert mask_details(reason) == masked


def test_counts_are_listed_in_descending_order() -> None:
    counts = ReasonCounter()
    counts.add({"stroke 3 is empty": 1, "unknown label 'a' for car": 4})
    counts.add({"stroke 4 is empty": 2, "the sketch_id is already taken": 0})
    assert [*counts.to_dict().items()] == [
        ("unknown label 'a' for car", 4),
        ("stroke … is empty", 3),
    ]


def test_names_are_masked_once_there_are_a_thousand_distinct_reasons() -> None:
    counts = ReasonCounter()
    for name in (*range(1_000), "c", "d", "e", 0):
        counts.add({f"unknown label 'n{name}' for car": 1})
    listed = counts.to_dict()
    assert [*listed.items()][:2] == [
        ("unknown label … for car", 3),
        ("unknown label 'n0' for car", 2),
    ]
    assert len(listed) == 50
