"""Drivers: one package per kind of device, each behind the heat-source contract. No Home Assistant here."""
