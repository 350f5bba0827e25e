"""The simulated world: its clock, its weather and a house."""
