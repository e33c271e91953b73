from collections.abc import Iterator

import pyarrow.fs as fs
import pytest

from tests.faults.s3_server import S3Server
from tests.faults.two_nodes import TwoNodes

# For short tests: how often Ray looks for the end of an epoch, and how long it waits for workers.
TRAIN = {
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.1",
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "5",
    # An actor more for each run, which waits for notices of the cloud that none sends here.
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
}


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """Yield an S3 server that is yet to be started; the nodes know its address all the same."""
    server = S3Server()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def two_nodes(s3_server: S3Server) -> Iterator[TwoNodes]:
    """Yield a cluster that lives through all tests of this folder.

    Commands that are to be killed join it by RAY_ADDRESS.
    """
    nodes = TwoNodes(s3_server.environment)
    yield nodes
    nodes.shut_down()


@pytest.fixture(scope="module")
def joined(two_nodes: TwoNodes) -> Iterator[TwoNodes]:
    """Yield the cluster, which this process has joined, too."""
    import ray

    ray.shutdown()  # leave the cluster of other tests
    with pytest.MonkeyPatch.context() as patched:
        for name, value in TRAIN.items():
            patched.setenv(name, value)
        ray.init(address=two_nodes.address, log_to_driver=False)
        yield two_nodes
    ray.shutdown()


@pytest.fixture(scope="module")
def bucket(joined: TwoNodes, s3_server: S3Server) -> Iterator[S3Server]:
    """Yield the S3 server, running, with an empty bucket."""
    pytest.importorskip("moto", reason="an S3 server: pip install 'moto[server]'")
    joined.have_node(cpus=2)
    s3_server.start()
    with pytest.MonkeyPatch.context() as patched:
        for name, value in s3_server.environment.items():
            patched.setenv(name, value)
        fs.FileSystem.from_uri("s3://bucket?allow_bucket_creation=true")[0].create_dir("bucket")
        yield s3_server
    s3_server.stop()
