"""What a command says of a cluster that is still starting, and which of its machines don't work."""

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
