"""Controllers on ESPHome: external components, packages, and the program of the tests."""
