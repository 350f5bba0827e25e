"""EcoFlow: CPU and memory of Home Assistant with many devices that report by MQTT."""
