"""Boilers and heat pumps on Modbus, described by templates."""
