"""Viessmann heat pumps over their cloud, inside the call budget."""
