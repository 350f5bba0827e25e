"""Devices in Home Assistant: stand-alone ones (subentries) and those of other integrations (fleets)."""
