"""Meters: electric power and energy of the home or of a source."""
