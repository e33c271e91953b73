"""Training runs on Ray Train: configs, the loop of each worker, checkpoints."""
