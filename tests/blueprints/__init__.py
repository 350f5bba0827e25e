"""The blueprints, each loaded and run in Home Assistant."""
