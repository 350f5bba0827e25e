"""The demo in Chromium."""
