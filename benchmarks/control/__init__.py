"""How well the heating engine controls: the BOPTEST-calibrated twin, and a house of our own."""
