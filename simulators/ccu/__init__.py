"""A Central Control Unit in the field, with its outlets."""
