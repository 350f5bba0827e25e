"""The HC-12 radio: frames, the half-duplex link, the AT commands of the module. Independent of Home Assistant.

Reference: docs/hc12-frame.md; shared vectors: docs/vectors/hc12.json.
"""
