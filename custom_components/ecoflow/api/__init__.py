"""EcoFlow's official open API: signature, HTTP, MQTT, device families. Knows nothing of Home Assistant."""
