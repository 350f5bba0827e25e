"""The suite's Home Assistant integrations, one folder each."""
