import pytest

from instancesketch.training.config import DetectorConfig


@pytest.fixture(scope="session")
def tiny() -> DetectorConfig:
    """Return a recipe of two epochs on the smallest images, with a box at every location."""
    pytest.importorskip("ultralytics", reason="detectors need the extra `yolo`")
    return DetectorConfig(image_size=64, epochs=2, batch_size=4, confidence=0.0)
