"""Shared modules of the suite, copied from lib/ by scripts/build."""
