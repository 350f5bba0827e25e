"""Miners behind a cloud: one account, one request for all rigs, one source per rig."""
