"""What runs while a heating system is loaded: the control cycle and its background work."""
