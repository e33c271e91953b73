"""Requests are counted as S3 bills them, and grow as the rules say."""

from collections import Counter

import numpy as np
import pytest

from experiments import corpus_costs
from experiments.corpus_costs import KINDS, count_requests, find_terms, kind_of, predict, serve


@pytest.mark.parametrize(
    ("method", "query", "headers", "kind"),
    [
        ("PUT", "", {}, "PUT"),
        ("PUT", "partNumber=1&uploadId=7", {}, "PUT"),
        ("PUT", "", {"HTTP_X_AMZ_COPY_SOURCE": "bucket/a"}, "COPY"),
        ("POST", "uploads", {}, "POST"),
        ("GET", "", {}, "GET"),
        ("GET", "list-type=2&prefix=a%2F", {}, "LIST"),
        ("HEAD", "", {}, "HEAD"),
    ],
)
def test_requests_are_of_the_kinds_that_are_billed(
    method: str, query: str, headers: dict[str, str], kind: str
) -> None:
    assert kind_of(method, query, headers) == kind


def test_terms_are_found_from_counts() -> None:
    def count(shards: int, of_groups: int) -> int:
        return 8 * shards + 6 * of_groups + 5 * of_groups**2 + 16

    sizes = {n: -(-n // corpus_costs.SHARDS_PER_GROUP) for n in corpus_costs.SMALL_RUNS}
    terms = find_terms({n: Counter(GET=count(n, g)) for n, g in sizes.items()})
    assert terms["GET"] == pytest.approx([8, 6, 5, 16])
    assert predict(terms, ["GET", "PUT"], 3_052, 96) == count(3_052, 96)
    assert sum(np.abs(terms[kind]).sum() for kind in KINDS if kind != "GET") == 0
    table = corpus_costs.to_costs(terms)
    of_reads = next(line for line in table if line.startswith("| requests that read |"))
    assert of_reads.startswith("| requests that read | 13 S + 6 G + 5 G² | 4,")
    assert len({line.count("|") for line in table}) == 1


@pytest.mark.slow
def test_every_shard_and_group_of_a_job_has_its_requests() -> None:
    pytest.importorskip("moto", reason="an S3 server: pip install 'moto[server]'")
    with serve() as app:
        found = {n: count_requests(app, n, rows_per_shard=20) for n in (1, 4, 8)}
    more = found[8] - found[4]
    # Manifest, counts and rows of a shard, and at least two files of its group, are written; the
    # rows are moved, which is a copy and a removal.
    assert more["PUT"] >= 4 * 3 + 2
    assert (more["COPY"], found[4]["COPY"] - found[1]["COPY"]) == (4, 3)
    assert more["DELETE"] >= 4
    assert min(found[1][kind] for kind in ("LIST", "GET", "HEAD")) > 0
