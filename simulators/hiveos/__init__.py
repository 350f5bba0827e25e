"""HiveOS' API."""
