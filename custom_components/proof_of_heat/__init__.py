"""Proof of Heat: warmth for the least money."""
