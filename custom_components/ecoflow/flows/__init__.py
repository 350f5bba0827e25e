"""Options flow and subentry flows."""
