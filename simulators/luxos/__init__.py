"""A miner with LuxOS."""
