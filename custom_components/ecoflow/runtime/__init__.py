"""The parts of a loaded account."""
