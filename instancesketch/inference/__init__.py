"""Labelling in memory: from sketches and scenes to labels, instances, objects and boxes."""
