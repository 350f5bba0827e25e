"""Miners: one client per protocol, and one heat source for all."""
