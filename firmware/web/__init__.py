"""The flashing page."""
