import pytest

from instancesketch.core.errors import UserError
from instancesketch.synth.scenes.config import SceneConfig


@pytest.mark.parametrize(
    "values", [{"fewest": 0}, {"fewest": 3, "most": 2}, {"own_share": 1.1}, {"interleave": -0.1}]
)
def test_an_invalid_config_raises(values: dict[str, float]) -> None:
    with pytest.raises(UserError):
        SceneConfig(**values)  # type: ignore[arg-type]
