"""Simulation of the firmware: the outlet's image in gpsim, and a radio channel on a pseudo terminal."""
