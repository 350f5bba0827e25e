"""A miner with Braiins OS."""
