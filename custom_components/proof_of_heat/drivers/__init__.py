"""Drivers: one package per type of device, each behind the heat-source contract. No Home Assistant imports."""
