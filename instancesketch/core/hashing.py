"""Stable hashes: the split of a sketch, and seeds derived from several numbers."""

from __future__ import annotations

import hashlib

import numpy as np


def hash_bucket(key: str, salt: str = "") -> int:
    """Return a number from 0 to 99 that depends on the key and the salt alone (blake2b)."""
    # Python's own `hash` of a string differs from process to process.
    digest = hashlib.blake2b(key.encode(), digest_size=8, salt=salt.encode()[:16]).digest()
    return int.from_bytes(digest, "big") % 100


def assign_split(key: str) -> str:
    """Return the split of a sketch id or a user: 80 % train, 10 % valid, 10 % test."""
    # By its hash a sketch keeps its split when others are added to the corpus.
    number = hash_bucket(key)
    return "train" if number < 80 else "valid" if number < 90 else "test"


def derive_seed(*numbers: int) -> int:
    """Return one 63-bit seed for several numbers, the same in every process."""
    # Torch's generators take signed 64-bit seeds, so the highest bit is dropped.
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
