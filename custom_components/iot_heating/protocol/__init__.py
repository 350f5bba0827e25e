"""The device-sync protocol (docs/device-sync.md): reports in, configuration out. Does not import Home Assistant."""
