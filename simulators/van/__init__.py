"""A camper van whose small computers publish JSON telemetry over MQTT and execute commands."""
