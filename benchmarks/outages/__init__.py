"""Outages of Home Assistant, its broker and its databases, floods and half-open connections, against a whole house."""
