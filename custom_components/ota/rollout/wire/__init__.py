"""The wire formats of the device protocols, as pure functions (docs/ota-protocol.md)."""
