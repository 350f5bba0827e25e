"""A gas boiler with Modbus TCP."""
