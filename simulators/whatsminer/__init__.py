"""A Whatsminer."""
