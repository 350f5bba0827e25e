"""Simulated HC-12 modules on one radio channel, with outlets (PIC16F88)."""
