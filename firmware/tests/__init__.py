"""Tests of the firmware: the outlet's image in gpsim, and the portable core."""
