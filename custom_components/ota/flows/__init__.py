"""Flows of the options and subentries."""
