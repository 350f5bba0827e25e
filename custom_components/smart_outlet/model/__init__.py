"""The device model: outlets, commands, alerts, emergency power-off; independent of Home Assistant and transports.

All times are seconds of a clock that never jumps, and are passed in by the caller.
"""
