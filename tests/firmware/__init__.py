"""The firmware against the real integrations in a real Home Assistant."""
