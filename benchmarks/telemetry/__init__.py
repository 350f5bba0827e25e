"""edge_telemetry: CPU per message, throughput, latency, archive rates, on a real mosquitto and Home Assistant."""
