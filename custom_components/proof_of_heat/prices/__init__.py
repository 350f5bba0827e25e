"""Prices of electricity: what price integrations say, tariffs by the clock, coins. No Home Assistant here."""
