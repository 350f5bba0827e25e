"""EcoFlow's official open API: signature, HTTP, MQTT and device families, without Home Assistant."""
