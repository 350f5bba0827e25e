"""Tests of the heating engine."""
