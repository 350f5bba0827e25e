"""The demo, run as a user runs it: real Home Assistant, child processes, HTTP."""
