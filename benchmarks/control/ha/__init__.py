"""The integration itself on the calibrated building: Home Assistant on a test clock, entities, a Modbus heat pump."""
