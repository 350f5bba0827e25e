"""A home whose rooms, weather, tariff and grid connection belong together."""
