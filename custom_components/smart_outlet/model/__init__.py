"""The device model: outlets, commands, alerts, emergency power-off; independent of Home Assistant and transports.

All times are UTC seconds since 1970 and are passed in by the caller.
"""
