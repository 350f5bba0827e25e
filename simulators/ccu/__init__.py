"""A simulated field Central Control Unit with its outlets."""
