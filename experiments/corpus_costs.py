"""Tasks, files, requests, hours and dollars of `ingest` from S3 to S3, on paper, from small runs.

  python -m experiments.corpus_costs

Makes a few corpora of tiny drawings on a test server (moto, which the tests need, too), counts its
requests by kind, and finds how they grow with the shards and with the groups of these that are
published by one task. Prints that, and a table for the corpora of `DRAWINGS`.
"""

from __future__ import annotations

import argparse
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np

from experiments.publishing import ROWS_PER_SHARD, measure
from instancesketch.batch import job_log
from instancesketch.batch.publishing import groups
from instancesketch.core import lease

DRAWINGS = (10_000_000, 100_000_000, 1_000_000_000)
# What the requests don't say. Prices are in dollars, of S3 and of on-demand machines in us-east-1,
# written down from memory in November 2026: look them up before you rely on them. Without storage.
PRICE_PER_MILLION_WRITES = 5.0  # PUT, COPY, POST and LIST; DELETE is free
PRICE_PER_MILLION_READS = 0.4  # GET and HEAD
PRICE_PER_CORE_HOUR = 0.05
CORES = 32
# Of Quick, Draw!'s ndjson: `instancesketch benchmark --only ingest` and `experiments.publishing`.
MICROSECONDS_PER_DRAWING = 114.0
DRIVER_MB, DRIVER_KB_PER_SHARD = 236.0, 15.0
SOURCE_READS = 5  # requests a shard; the small runs read no source

WRITES, READS = ("PUT", "COPY", "POST", "LIST"), ("GET", "HEAD")
KINDS = (*WRITES, *READS, "DELETE")
# Shards and groups of the small runs. Requests don't depend on how many shards are in a group.
SHARDS_PER_GROUP = 4
SMALL_RUNS = (1, 4, 8, 12, 20)
_NEVER = 1e6  # seconds

Terms = np.ndarray[Any, np.dtype[np.float64]]  # of a kind: per shard, group, group², and job


def kind_of(method: str, query: str, headers: Mapping[str, Any]) -> str:
    """Return the kind of a request, as S3 bills it."""
    if method == "PUT" and "HTTP_X_AMZ_COPY_SOURCE" in headers:
        return "COPY"
    is_listing = any(name in query for name in ("list-type", "prefix", "delimiter"))
    return "LIST" if method == "GET" and is_listing else method


class Counting:
    """A WSGI application that counts the requests to another by kind."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app, self.counts, self.lock = app, Counter[str](), threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Count a request and answer it."""
        kind = kind_of(environ["REQUEST_METHOD"], environ.get("QUERY_STRING", ""), environ)
        with self.lock:
            self.counts[kind] += 1
        return self.app(environ, start)


@contextmanager
def serve() -> Iterator[Counting]:
    """Serve S3 for this process, with a bucket named `bucket`, while the block runs."""
    import pyarrow.fs as fs
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, *args: Any, **values: Any) -> None:
            """Print no line for a request."""

    app = Counting(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    variables = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "anybody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_REGION": "us-east-1",
    }
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with mock.patch.dict(os.environ, variables):
            made = fs.FileSystem.from_uri("s3://bucket?allow_bucket_creation=true")[0]
            made.create_dir("bucket")
            yield app
    finally:
        server.shutdown()


def count_requests(app: Counting, shards: int, rows_per_shard: int) -> Counter[str]:
    """Return the requests of a job that makes a corpus of so many shards, none with equal ids."""
    patches = (
        mock.patch.object(groups, "SHARDS_PER_TASK", SHARDS_PER_GROUP),
        # Requests by the clock would depend on how busy the machine is.
        mock.patch.object(lease, "SECONDS_BETWEEN_RENEWALS", _NEVER),
        mock.patch.object(job_log, "SECONDS_BETWEEN_WRITES", _NEVER),
    )
    with ExitStack() as patched:
        for patch in patches:
            patched.enter_context(patch)
        before = app.counts.copy()
        folder = f"s3://bucket/{shards}"
        measure(shards * rows_per_shard, "here", folder, rows_per_shard, duplicates=False)
    return app.counts - before


def find_terms(found: Mapping[int, Counter[str]]) -> dict[str, Terms]:
    """Return how the requests of each kind grow, in halves of a request, by least squares.

    Args:
        found: the requests of each small run, by its shards.
    """
    sizes = np.array([_sizes(shards, -(-shards // SHARDS_PER_GROUP)) for shards in found])
    terms = {}
    for kind in KINDS:
        counts = np.array([found[shards][kind] for shards in found], float)
        best, *_ = np.linalg.lstsq(sizes, counts, rcond=None)
        terms[kind] = np.round(2 * best) / 2 + 0.0  # no negative zero
    return terms


def _sizes(shards: int, of_groups: int) -> tuple[float, ...]:
    return shards, of_groups, of_groups**2, 1.0


def predict(terms: Mapping[str, Terms], kinds: Sequence[str], shards: int, of_groups: int) -> float:
    """Return the requests of some kinds."""
    return float(sum(terms[kind] @ np.array(_sizes(shards, of_groups)) for kind in kinds))


def to_rules(terms: Mapping[str, Terms]) -> list[str]:
    """Return the table of requests by kind."""
    heads = ["requests", "a shard", "a group", "a pair of groups", "a job"]
    rows = [[kind, *(f"{number:g}" for number in terms[kind])] for kind in terms]
    return to_table(heads, rows)


def to_costs(terms: Mapping[str, Terms]) -> list[str]:
    """Return the table of what the corpora of `DRAWINGS` take, by `S` shards and `G` groups."""
    heads = ["`ingest`", "rule", *(f"{drawings // 1_000_000:,} million" for drawings in DRAWINGS)]
    rules = {
        "tasks: reading and writing": "S",
        "tasks: publishing": "3 G + 1",
        "files at the end": "S + 5",
        "files at the most": "3 S + 5 G",
        "requests that write or list": _rule(terms, WRITES, 0),
        "requests that read": _rule(terms, READS, SOURCE_READS),
        "memory of the command": f"{DRIVER_MB:g} MB + {DRIVER_KB_PER_SHARD:g} kB S",
        "hours of one core": f"{MICROSECONDS_PER_DRAWING:g} µs a drawing",
        f"hours on {CORES} cores": "",
        "dollars: requests": f"{PRICE_PER_MILLION_WRITES:g} and {PRICE_PER_MILLION_READS:g} "
        "a million",
        "dollars: cores": f"{PRICE_PER_CORE_HOUR:g} an hour",
    }
    columns = [_costs_of(terms, drawings) for drawings in DRAWINGS]
    return to_table(
        heads, [[name, rules[name], *(c[name] for c in columns)] for name in columns[0]]
    )


def to_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table in lines of Markdown."""
    texts = sum(head == "rule" for head in heads) + 1
    rule = "|---" * texts + "|---:" * (len(heads) - texts) + "|"
    return [f"| {' | '.join(heads)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)]


def _costs_of(terms: Mapping[str, Terms], drawings: int) -> dict[str, str]:
    shards = -(-drawings // ROWS_PER_SHARD)
    of_groups = -(-shards // groups.SHARDS_PER_TASK)
    writes = predict(terms, WRITES, shards, of_groups)
    reads = predict(terms, READS, shards, of_groups) + SOURCE_READS * shards
    hours = drawings * MICROSECONDS_PER_DRAWING / 3.6e9
    billed = writes * PRICE_PER_MILLION_WRITES + reads * PRICE_PER_MILLION_READS
    return {
        "tasks: reading and writing": f"{shards:,}",
        "tasks: publishing": f"{3 * of_groups + 1:,}",
        "files at the end": f"{shards + 5:,}",
        "files at the most": f"{3 * shards + 5 * of_groups:,}",
        "requests that write or list": f"{_short(writes):,}",
        "requests that read": f"{_short(reads):,}",
        "memory of the command": f"{DRIVER_MB + DRIVER_KB_PER_SHARD * shards / 1e3:,.0f} MB",
        "hours of one core": f"{hours:,.1f}",
        f"hours on {CORES} cores": f"{hours / CORES:,.2f}",
        "dollars: requests": f"{billed / 1e6:,.2f}",
        "dollars: cores": f"{hours * PRICE_PER_CORE_HOUR:,.2f}",
    }


def _rule(terms: Mapping[str, Terms], kinds: Sequence[str], more: float) -> str:
    """Return how requests of some kinds grow, with `more` for each shard."""
    numbers = sum((terms[kind] for kind in kinds), np.array([more, 0.0, 0.0, 0.0]))
    named = zip(numbers, ("S", "G", "G²"), strict=False)
    return " + ".join(f"{number:g} {name}" for number, name in named if number)


def _short(number: float) -> int:
    """Return a number with three digits that count."""
    digits = max(0, len(str(int(number))) - 3)
    return round(number / 10**digits) * 10**digits


def main(argv: Sequence[str] | None = None) -> None:
    """Count, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows-per-shard", type=int, default=ROWS_PER_SHARD, metavar="N")
    args = parser.parse_args(argv)
    with serve() as app:
        found = {n: count_requests(app, n, args.rows_per_shard) for n in SMALL_RUNS}
    terms = find_terms(found)
    print("\n".join([*to_rules(terms), "", *to_costs(terms)]))


if __name__ == "__main__":
    main()
