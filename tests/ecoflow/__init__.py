"""Tests of the ecoflow integration."""
