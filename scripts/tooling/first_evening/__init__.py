"""Play a new user's first evening on a clean Home Assistant, in a real browser."""
