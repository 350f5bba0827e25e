"""NiceHash's API."""
