"""Meters, and the COP and SPF from what they counted."""
