"""Descriptions of the sensors."""
