"""Tests of what the scripts run."""
