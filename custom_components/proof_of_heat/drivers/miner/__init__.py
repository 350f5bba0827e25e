"""Miners: one client per way to speak to them, one heat source for all."""
