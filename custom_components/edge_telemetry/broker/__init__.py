"""The connection to the MQTT broker: gaps, subscriptions, and requests that gateways need."""
