"""Persistent data: buildings and controllers, heating sessions, raw telemetry."""
