"""Publishing of a job's staged rows: equal ids, moving into place, counting, in tasks."""
