"""A Bitaxe."""
