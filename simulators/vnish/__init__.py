"""A miner with VNish."""
