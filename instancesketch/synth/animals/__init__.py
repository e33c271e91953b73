"""Procedural animals: four-legged and two-legged ones, seen from the side and the front."""
