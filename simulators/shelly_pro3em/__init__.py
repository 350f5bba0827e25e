"""A Shelly Pro 3EM."""
