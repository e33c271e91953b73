"""The protocols behind the README's figures; nothing of the package imports them."""
