"""The demo: real Home Assistant, every integration configured against its simulators."""
