"""Train a model in this process: data, losses, the loop over epochs."""
