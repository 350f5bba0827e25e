"""What to do over the next two days, for the least money."""
