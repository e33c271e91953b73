from collections.abc import Iterator

import pyarrow.fs as fs
import pytest

from tests.faults.s3_server import S3Server
from tests.faults.two_nodes import TwoNodes


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
