"""A Bitdeer SEALMINER."""
