"""A stock Antminer."""
