"""Hostile texts from strangers, and a model that obeys all of them."""
