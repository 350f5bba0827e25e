"""Planning of the next two days at the lowest cost."""
