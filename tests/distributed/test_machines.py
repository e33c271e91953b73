"""What a command says of a cluster that is still starting, and which of its machines don't work."""

from typing import Any

import pytest

from instancesketch.distributed import machines


@pytest.mark.parametrize(
    ("cpus", "gpus", "text"),
    [
        (8, 8, "waiting for 8 GPUs, 3 there"),
        (1, 1, None),
        (33, 3, "waiting for 33 CPUs, 32 there"),
        (32, 0, None),
    ],
)
def test_says_what_a_growing_cluster_lacks(cpus: float, gpus: float, text: str | None) -> None:
    assert machines.growth_text(cpus, gpus, {"CPU": 32.0, "GPU": 3.0, "memory": 1e9}) == text


def test_only_a_labelled_head_is_kept_free() -> None:
    head = {"Alive": True, "Labels": {"role": "head"}}
    assert machines.off_head([{"Alive": True, "Labels": {}}, head]) == {
        "label_selector": {"role": "!head"}
    }
    assert machines.off_head([{"Alive": True}, {**head, "Alive": False}]) == {}
    assert machines.off_head([head], {"f2", "a1"}) == {
        "label_selector": {"role": "!head", "ray.io/node-id": "!in(a1,f2)"},
        "fallback_strategy": [{"label_selector": {"role": "!head"}}],
    }


def test_nodes_that_work_beside_some_are_those_alive_with_a_cpu() -> None:
    def node(name: str, cpus: int = 2, **values: Any) -> dict[str, Any]:
        return {"NodeID": name, "Alive": True, "Resources": {"CPU": cpus}, **values}

    idle = [node("head", Labels={"role": "head"}), node("lost", Alive=False), node("bare", cpus=0)]
    assert not machines.has_others([*idle, node("a")], {"a"})
    assert machines.has_others([*idle, node("a"), node("b")], {"a"})


@pytest.mark.ray
@pytest.mark.parametrize("cpus", [0, 1])
def test_tasks_keep_off_a_node_only_while_there_is_another(ray_cluster: None, cpus: int) -> None:
    import ray

    here = ray.nodes()[0]["NodeID"]
    where = ray.remote(num_cpus=cpus)(lambda: ray.get_runtime_context().get_node_id())
    # The only node that there is; without a fallback they would wait for ever.
    assert ray.get(where.options(**machines.away_from({here})).remote(), timeout=60) == here
