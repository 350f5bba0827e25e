"""Shadow mode: the control in a simulated copy of the home, while the real home keeps its own control."""
