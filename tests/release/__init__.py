"""The released archives in a real Home Assistant."""
