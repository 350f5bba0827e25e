"""Proof of Heat: the heating controller of the home."""
