"""Scenes composed of drawings: objects chosen, placed, and hidden where others cover them."""
