"""The Viessmann cloud."""
