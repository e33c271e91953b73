"""Evaluate, export, count and show the folders of results, corpora and runs."""
