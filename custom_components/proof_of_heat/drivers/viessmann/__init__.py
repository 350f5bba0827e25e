"""Viessmann heat pumps over their cloud, within a call budget."""
