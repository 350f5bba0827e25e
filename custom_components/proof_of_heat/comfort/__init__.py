"""Target temperatures by zone and time. Without Home Assistant."""
