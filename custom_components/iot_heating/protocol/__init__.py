"""The device-sync protocol (docs/device-sync.md): telemetry in, configuration out. No Home Assistant here."""
