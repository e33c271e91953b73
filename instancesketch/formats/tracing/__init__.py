"""Trace the lines of a picture as strokes: threshold, skeleton, lines followed through crossings.

Needs the extra `trace`. A convenience: the order and the pen-ups of the drawing are lost, and what
touches along its length, or lies on lined paper, can't be told apart.
"""
