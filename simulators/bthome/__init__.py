"""Bluetooth sensors that advertise BTHome v2, relayed over MQTT by a gateway."""
