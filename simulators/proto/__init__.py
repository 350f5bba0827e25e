"""A Proto Rig."""
