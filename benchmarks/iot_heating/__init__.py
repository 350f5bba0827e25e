"""Cost of the device-sync API: CPU per request compared with a bare view, a fleet, memory, loop lag."""
