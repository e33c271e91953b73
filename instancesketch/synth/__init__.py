"""Procedural drawings with part and instance labels, and scenes composed of drawings."""
