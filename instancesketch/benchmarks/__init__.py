"""The verb `benchmark`: how fast everything is on a machine, in one table from one run."""
