"""The values of the trials of a sweep, for tests."""

VALUES = [
    {"learning_rate": 0.0015, "model.encoder": "points", "model.channels": [64, 128, 128, 128]},
    {"learning_rate": 0.1 / 3, "model.encoder": "raster", "model.channels": [8]},
    {"learning_rate": 0.001, "model.encoder": "raster", "model.channels": [8]},
    {"learning_rate": 0.002, "model.encoder": "points", "model.channels": [8]},
]
