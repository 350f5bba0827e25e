"""Tests of the modules that integrations share."""
