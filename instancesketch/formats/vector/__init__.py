"""Read the outlines that a browser paints of an SVG, in the units of its `viewBox`.

`document` parses the XML, `cascade` with `stylesheets` and `properties` gives each element its
style, `basic_shapes` and `path_data` give its geometry, `flatten` makes polylines of it, `painting`
walks the document through groups, nested drawings and `<use>`, and `painted` sorts what is met.

Chromium decides what is right. What is known of CSS but not followed here is refused by name.
"""
