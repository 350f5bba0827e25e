"""A gas boiler on Modbus TCP."""
