"""Train a model in this process: steps, losses, recipes, batches."""
