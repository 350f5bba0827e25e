"""Messages of the engine as texts in the language of Home Assistant, and the journal of decisions."""
