"""Measurements; run by scripts/benchmark, never by the tests."""
