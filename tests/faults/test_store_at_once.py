"""Commands that are started at the same moment on one folder of an object store."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow.fs as fs
import pytest

from instancesketch.core import storage
from instancesketch.core.run_folder import JOB
from tests.batch import test_at_once as on_disk
from tests.batch.test_at_once import (
    DRAWINGS,
    find_winner,
    ingest,
    ingest_alike,
    ingest_differently,
    ingest_with_each_seed,
)
from tests.batch.test_ingest import visible
from tests.core.test_claims_at_once import assert_one_claimed, claim
from tests.core.test_lease import work_alone
from tests.faults.s3_server import S3Server
from tests.faults.test_object_store import on_s3
from tests.racing import Race, racing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

source = on_disk.source


@pytest.fixture(scope="module")
def race() -> Iterator[Race]:
    """Yield two processes that reach an S3 server, in which `s3://bucket` is empty."""
    pytest.importorskip("moto", reason="an S3 server: pip install 'moto[server]'")
    server = S3Server()
    server.start()
    with pytest.MonkeyPatch.context() as patched:
        for name, value in server.environment.items():
            patched.setenv(name, value)
        fs.FileSystem.from_uri("s3://bucket?allow_bucket_creation=true")[0].create_dir("bucket")
        with racing() as race:
            yield race
    server.stop()


def test_one_of_two_configs_at_once_claims_a_folder_of_a_store(race: Race) -> None:
    results = race(partial(claim, "s3://bucket/claims", JOB))
    assert_one_claimed("s3://bucket/claims", JOB.config_file, results)


def test_commands_at_once_work_one_after_the_other_on_a_store(race: Race, tmp_path: Path) -> None:
    work = partial(work_alone, "s3://bucket/leases", str(tmp_path))
    assert race(work, rounds=10) == [(True, True)] * 10


def test_of_two_configs_at_once_one_makes_the_rows_on_a_store(
    race: Race, source: Path, tmp_path: Path
) -> None:
    expected = ingest_with_each_seed(tmp_path, source)
    work = partial(ingest_differently, "s3://bucket/unlike", source)
    for round, results in enumerate(race(work, rounds=3)):
        assert on_s3(f"s3://bucket/unlike/{round}") == expected[find_winner(results)]
        assert storage.list_names(f"s3://bucket/unlike/{round}/_state") == [
            "groups.parquet",
            "settings.json",
        ]


def test_of_two_equal_commands_at_once_one_works_on_a_store(
    race: Race, source: Path, tmp_path: Path
) -> None:
    ingest(f"{tmp_path}/whole", source)
    work = partial(ingest_alike, "s3://bucket/alike", source)
    for round, results in enumerate(race(work, rounds=3)):
        assert sorted(results) == [(False, DRAWINGS), (True, DRAWINGS)]
        assert on_s3(f"s3://bucket/alike/{round}") == visible(tmp_path / "whole")
        assert storage.list_names(f"s3://bucket/alike/{round}/_state") == [
            "groups.parquet",
            "settings.json",
        ]
