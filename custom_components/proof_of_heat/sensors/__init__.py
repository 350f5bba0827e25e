"""The tables of sensors: of the system, of sources, of meters."""
