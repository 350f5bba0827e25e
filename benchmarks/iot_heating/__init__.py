"""What the device-sync API costs: CPU per request beside a bare view, a fleet at its real pace, memory, loop lag."""
