"""Readers of the files of drawing programs, as strokes and outlines that they draw."""

from instancesketch.formats.readers.programs import excalidraw, inkml, tldraw, xournal

__all__ = ["excalidraw", "inkml", "tldraw", "xournal"]
