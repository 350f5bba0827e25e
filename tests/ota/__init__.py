"""Tests of the ota integration."""
