"""A large house: many devices of several integrations in one Home Assistant."""
