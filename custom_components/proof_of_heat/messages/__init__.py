"""Messages of the engine and the decision journal."""
