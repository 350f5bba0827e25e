"""Learns the house from the history that Home Assistant already has."""
