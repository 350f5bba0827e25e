"""Tests of proof_of_heat."""
