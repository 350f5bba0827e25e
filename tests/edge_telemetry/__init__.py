"""Tests of edge_telemetry."""
