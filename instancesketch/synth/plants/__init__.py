"""Procedural plants: flowers and trees."""
