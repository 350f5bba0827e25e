"""Sensors of the system, of sources and of meters."""
