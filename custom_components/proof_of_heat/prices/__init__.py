"""Prices: electricity from sensors, actions and tariffs, and the hashprice."""
