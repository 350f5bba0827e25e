"""A simulated EcoFlow cloud: the open API over HTTPS, the MQTT broker and devices."""
