"""Readings from Home Assistant: states, weather forecasts, schedules, presence, sun."""
