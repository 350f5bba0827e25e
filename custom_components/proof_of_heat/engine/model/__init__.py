"""The model of the house, learned from its own data."""
