"""Draw sketches: colours and SVG."""
