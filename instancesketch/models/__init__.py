"""Networks and their weights: packed strokes in, logits out."""
