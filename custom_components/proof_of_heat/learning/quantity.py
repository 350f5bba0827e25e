"""What is read of an entity."""

from enum import StrEnum


class Quantity(StrEnum):
    """A quantity."""

    TEMPERATURE = "temperature"
    POWER = "power"
    ENERGY = "energy"
    CLOUDS = "clouds"
