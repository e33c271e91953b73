"""Neural networks: stroke encoders, the Transformer over strokes, the segmenter."""
