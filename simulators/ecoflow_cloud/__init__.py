"""EcoFlow's cloud: the open API over HTTPS, the MQTT broker behind it, and some devices."""
