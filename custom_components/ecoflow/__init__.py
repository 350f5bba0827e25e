"""EcoFlow power stations through the official open API."""
