"""Batch work: jobs, their stages, and the folders they write."""
