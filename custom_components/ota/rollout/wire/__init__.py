"""The wire formats that devices speak, as pure functions: requests in, replies out (docs/ota-protocol.md)."""
