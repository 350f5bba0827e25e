"""RuuviTags, heard by a Ruuvi Gateway or read out by a small computer, that publish over MQTT."""
