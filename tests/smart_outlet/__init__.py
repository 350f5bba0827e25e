"""Tests of smart_outlet."""
