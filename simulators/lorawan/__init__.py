"""LoRaWAN devices whose network server (The Things Stack or ChirpStack) publishes their messages over MQTT."""
