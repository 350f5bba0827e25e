"""Firmware of outlets and controllers, its simulation and its tests."""
