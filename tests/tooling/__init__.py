"""Tests of scripts/tooling."""
