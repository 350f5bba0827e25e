"""The device model: outlets, commands, alerts, the power cut. Knows neither Home Assistant nor a transport.

Times are UTC seconds since 1970 and always passed in.
"""
