"""The cards: bundles, types and their own tests."""
