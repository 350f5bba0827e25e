"""ebusd with the devices of a Vaillant system."""
