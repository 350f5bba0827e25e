"""What temperature is wanted where and when. No Home Assistant here."""
