"""Firmware of the smart outlet for the PIC16F88."""
