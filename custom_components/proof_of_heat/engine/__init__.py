"""The heating engine."""
