import pytest

from instancesketch.training.config import DetectorConfig


@pytest.fixture(scope="session")
def tiny() -> DetectorConfig:
    """A recipe for two epochs of images as small as can be; every place is a box."""
    pytest.importorskip("ultralytics", reason="detectors need the extra `yolo`")
    return DetectorConfig(image_size=64, epochs=2, batch_size=4, confidence=0.0)
