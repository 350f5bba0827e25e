"""RuuviTags whose advertisements a Ruuvi Gateway or a small computer publishes over MQTT."""
