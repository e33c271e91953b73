"""The cluster files, checked without a cluster by Ray's launcher and our command line."""

import copy
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from instancesketch.cli.main import parse
from instancesketch.distributed.cluster import set_environment

pytestmark = pytest.mark.ray  # of Ray's package; no cluster is used

ROOT = Path(__file__).parents[2]
VARIANTS = ROOT / "docs" / "cluster"


def prepared(path: Path) -> dict[str, Any]:
    """Return a launcher file with Ray's defaults filled in; raise where Ray would refuse it."""
    set_environment()
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = prepare_config(copy.deepcopy(yaml.safe_load(path.read_text("utf-8"))))
    validate_config(config)
    return config


@pytest.fixture(scope="module")
def aws() -> dict[str, Any]:
    return prepared(ROOT / "cluster.yaml")


def start_options(commands: list[str]) -> dict[str, str]:
    (line,) = (command for command in commands if "ray start" in command)
    words = shlex.split(line.split("ray start", 1)[1])
    return dict(word.lstrip("-").partition("=")[::2] for word in words)


def size_of(options: list[str]) -> int:
    """Return the size of /dev/shm in bytes that Docker's options set."""
    (size,) = (o.removeprefix("--shm-size=") for o in options if o.startswith("--shm-size="))
    return int(size.removesuffix("g")) * 2**30


def test_head_is_on_demand_and_runs_no_tasks(aws: dict[str, Any]) -> None:
    head = aws["available_node_types"][aws["head_node_type"]]
    assert head["resources"] == {"CPU": 0, "GPU": 0}
    assert (head["min_workers"], head["max_workers"]) == (0, 0)
    assert "InstanceMarketOptions" not in head["node_config"]
    assert "autoscaling-config" in start_options(aws["head_start_ray_commands"])


def test_workers_scale_from_zero_on_spot_machines(aws: dict[str, Any]) -> None:
    kinds = {k: v for k, v in aws["available_node_types"].items() if k != aws["head_node_type"]}
    assert {kind: bool(v["resources"].get("GPU")) for kind, v in kinds.items()} == {
        "cpu": False,
        "gpu": True,
    }
    for kind in kinds.values():
        assert kind["min_workers"] == 0 < kind["max_workers"] <= aws["max_workers"]
        assert kind["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert kinds["gpu"]["docker"]["worker_image"].endswith("-gpu")
    assert 0 < aws["idle_timeout_minutes"] <= 30
    assert aws["provider"]["cache_stopped_nodes"] is False


def test_machines_have_the_role_for_the_bucket_and_require_the_token(aws: dict[str, Any]) -> None:
    for kind in aws["available_node_types"].values():
        assert kind["node_config"]["IamInstanceProfile"] == {"Name": "instancesketch"}
        assert kind["node_config"]["ImageId"].startswith("ami-")
    assert "--env RAY_AUTH_MODE=token" in aws["docker"]["run_options"]
    assert aws["file_mounts"]["/home/ray/.ray/auth_token"] == "~/.ray/auth_token"
    head = start_options(aws["head_start_ray_commands"])
    assert head["dashboard-host"] == "127.0.0.1"
    assert head["labels"] == "role=head"  # `machines.off_head` looks for it


@pytest.mark.parametrize("kind", ["head", "worker"])
def test_the_object_store_fits_into_shared_memory(aws: dict[str, Any], kind: str) -> None:
    store = int(start_options(aws[f"{kind}_start_ray_commands"])["object-store-memory"])
    assert store < size_of(aws["docker"][f"{kind}_run_options"])


def test_machines_install_the_project_and_one_version_of_ray(aws: dict[str, Any]) -> None:
    assert aws["file_mounts"]["/home/ray/instancesketch"] == "."
    for kind in ("head", "worker"):
        assert aws[f"{kind}_setup_commands"][0].endswith(' "/home/ray/instancesketch[yolo]"')
    assert "pip install --quiet boto3" in aws["head_setup_commands"]
    gpu = aws["available_node_types"]["gpu"]["docker"]["worker_image"]
    docker = (VARIANTS / "Dockerfile").read_text("utf-8")
    images = [aws["docker"]["image"], gpu, docker.split("FROM ")[1].split()[0]]
    # The files name one version of Ray; the installed one is as new, of the same major version.
    named = {image.split(":")[1].rsplit("-", 2)[0] for image in images}
    job = yaml.safe_load((VARIANTS / "rayjob.yaml").read_text("utf-8"))
    assert named == {job["spec"]["rayClusterSpec"]["rayVersion"]}
    ours, theirs = (tuple(map(int, v.split(".")[:2])) for v in (version("ray"), *named))
    assert ours >= theirs
    assert ours[0] == theirs[0]


def test_launcher_file_for_on_premises_machines() -> None:
    config = prepared(VARIANTS / "local.yaml")
    (kind,) = config["available_node_types"].values()
    workers = len(config["provider"]["worker_ips"])
    assert kind["min_workers"] == kind["max_workers"] == config["max_workers"] == workers
    assert config["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    for who in ("head", "worker"):
        assert any("pip install" in command for command in config[f"{who}_setup_commands"])
        (start,) = (c for c in config[f"{who}_start_ray_commands"] if "ray start" in c)
        assert "RAY_AUTH_MODE=token" in start
    assert start_options(config["head_start_ray_commands"])["dashboard-host"] == "127.0.0.1"


@pytest.fixture
def job() -> dict[str, Any]:
    return yaml.safe_load((VARIANTS / "rayjob.yaml").read_text("utf-8"))


def test_kubernetes_job_runs_a_valid_command(job: dict[str, Any]) -> None:
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert job["metadata"]["generateName"]
    python, script, *options = shlex.split(job["spec"]["entrypoint"])
    assert python == "python"
    assert (ROOT / script).is_file()
    args = parse([Path(script).stem, *options])
    assert args.verb == "train"
    gpu = job["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]
    assert args.workers * args.gpus_per_worker <= gpu["maxReplicas"]


def test_kubernetes_cluster_has_a_token_shared_memory_and_autoscaling(job: dict[str, Any]) -> None:
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["enableInTreeAutoscaling"] is True
    assert cluster["authOptions"] == {"mode": "token", "secretName": "instancesketch-token"}
    assert job["spec"]["shutdownAfterJobFinishes"] is True
    head, workers = cluster["headGroupSpec"], cluster["workerGroupSpecs"]
    assert head["rayStartParams"] == {"num-cpus": "0", "num-gpus": "0"}
    assert head["labels"] == {"role": "head"}
    assert {group["groupName"] for group in workers} == {"cpu", "gpu"}
    for group in (head, *workers):
        spec = group["template"]["spec"]
        (container,) = spec["containers"]
        needs = container["resources"]
        assert needs["requests"] == needs["limits"]
        assert ("nvidia.com/gpu" in needs["limits"]) == (group.get("groupName") == "gpu")
        (volume,) = spec["volumes"]
        assert volume["emptyDir"]["medium"] == "Memory"
        assert {"name": volume["name"], "mountPath": "/dev/shm"} in container["volumeMounts"]
        store = int(group["rayStartParams"].get("object-store-memory", 0))
        assert store < int(volume["emptyDir"]["sizeLimit"].removesuffix("Gi")) * 2**30
        if group is not head:
            assert group["minReplicas"] == group["replicas"] == 0 < group["maxReplicas"]
            # Kubernetes passes strings alone to a command.
            assert all(isinstance(value, str) for value in group["rayStartParams"].values())


def test_commands_in_the_guide_parse() -> None:
    text = (ROOT / "docs" / "cluster.md").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.startswith("ray job submit")]
    assert len(lines) == 5
    for line in lines:
        start, _, command = line.partition(" -- python ")
        assert start == "ray job submit --working-dir ."
        script, *options = shlex.split(command)
        assert parse([Path(script).stem, *options]).verb == Path(script).stem


@pytest.mark.parametrize("name", ["cluster.yaml", "docs/cluster/local.yaml"])
def test_sync_excludes_git_and_ignored_files(name: str) -> None:
    config = yaml.safe_load((ROOT / name).read_text("utf-8"))
    assert "**/.git" in config["rsync_exclude"]
    assert config["rsync_filter"] == [".gitignore", ".rayignore"]
    assert all((ROOT / file).is_file() for file in config["rsync_filter"])
