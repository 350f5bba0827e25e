"""What the cards show: the state of a heating system as JSON, and the subscriptions to it."""
