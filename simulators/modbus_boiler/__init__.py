"""A heat pump or boiler on Modbus."""
