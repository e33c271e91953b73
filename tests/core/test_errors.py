"""Reasons by kind."""

import pytest

from instancesketch.core import errors
from instancesketch.core.errors import Reasons, kind_of


@pytest.mark.parametrize(
    ("reason", "kind"),
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
def test_kind_of(reason: str, kind: str) -> None:
    assert kind_of(reason) == kind


def test_kinds_are_counted_the_commonest_first() -> None:
    counts = Reasons()
    counts.add({"stroke 3 is empty": 1, "unknown label 'a' for car": 4})
    counts.add({"stroke 4 is empty": 2, "the sketch_id is already taken": 0})
    assert [*counts.to_dict().items()] == [
        ("unknown label 'a' for car", 4),
        ("stroke … is empty", 3),
    ]


def test_of_very_many_labels_the_names_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_MOST_KINDS", 2)
    counts = Reasons()
    for name in ("a", "b", "c", "d", "a"):
        counts.add({f"unknown label '{name}' for car": 1})
    assert counts.to_dict() == {
        "unknown label 'a' for car": 2,
        "unknown label … for car": 2,
        "unknown label 'b' for car": 1,
    }
