"""Stable hashes: the split of a sketch, and seeds made of several numbers."""

from __future__ import annotations

import hashlib

import numpy as np


def bucket(key: str, salt: str = "") -> int:
    """A stable number from 0 to 99 for a key: its blake2b hash, the same on every machine."""
    digest = hashlib.blake2b(key.encode(), digest_size=8, salt=salt.encode()[:16]).digest()
    return int.from_bytes(digest, "big") % 100


def split_of(key: str) -> str:
    """The split of a sketch id or a user: 80 in 100 train, 10 valid, 10 test."""
    number = bucket(key)
    return "train" if number < 80 else "valid" if number < 90 else "test"


def seed_of(*numbers: int) -> int:
    """One seed made of several numbers, the same in every process."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
