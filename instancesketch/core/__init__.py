"""What everything else stands on: sketches, their schema and taxonomy, files, errors."""
