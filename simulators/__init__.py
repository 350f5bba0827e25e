"""Simulated devices and clouds, as runnable programs."""
