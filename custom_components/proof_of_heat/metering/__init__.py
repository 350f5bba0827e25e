"""Heat, electricity and their ratio: COP and SPF from what meters really counted. No Home Assistant here."""
