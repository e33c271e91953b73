"""The base of all other folders: sketches, their schema and taxonomy, files, errors."""
