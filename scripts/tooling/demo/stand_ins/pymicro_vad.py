"""Stand-in where the real library could not be built (no compiler): voice detection does not work with it."""


class MicroVad:
    """Only there to be imported."""
