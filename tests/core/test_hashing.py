"""Hashes that must never change, because corpora and runs on disk depend on them."""

import pytest

from instancesketch.core.hashing import assign_split, derive_seed, hash_bucket


@pytest.mark.parametrize(
    ("key", "salt", "bucket"),
    [("a", "", 43), ("b", "", 33), ("sun/001", "", 9), ("k7", "", 49), ("a", "select", 56)],
)
def test_buckets_are_stable(key: str, salt: str, bucket: int) -> None:
    assert hash_bucket(key, salt) == bucket


@pytest.mark.parametrize(
    ("key", "split"),
    [
        ("2", "train"),  # bucket 0
        ("81", "train"),  # bucket 79
        ("133", "valid"),  # bucket 80
        ("0", "valid"),  # bucket 89
        ("7", "test"),  # bucket 90
        ("120", "test"),  # bucket 99
    ],
)
def test_first_and_last_bucket_of_each_split_are_its_own(key: str, split: str) -> None:
    assert assign_split(key) == split


def test_splits_have_the_expected_shares() -> None:
    splits = [assign_split(str(i)) for i in range(10_000)]
    shares = {name: splits.count(name) / len(splits) for name in ("train", "valid", "test")}
    assert shares == pytest.approx({"train": 0.8, "valid": 0.1, "test": 0.1}, abs=0.01)


def test_seeds_are_stable_and_depend_on_the_order() -> None:
    assert derive_seed(1, 2) == 7764949442709860949
    assert derive_seed(2, 1) == 3304656143886516455
