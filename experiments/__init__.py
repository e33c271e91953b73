"""What is measured: the protocols behind the figures. Nothing of the package imports it."""
