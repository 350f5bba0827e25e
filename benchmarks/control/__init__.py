"""Control quality of the heating engine: on the BOPTEST-calibrated twin, and in a simulated house with radiators."""
