"""An ESP32 heating controller in a house with real weather."""
