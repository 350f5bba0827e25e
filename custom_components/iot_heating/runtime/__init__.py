"""The parts of a loaded building: its profile and controllers, reports, commands and liveness."""
