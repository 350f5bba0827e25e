"""Stand-in where the real library could not be built (no compiler): noise suppression does not work with it."""


class AudioProcessor:
    """Only there to be imported."""

    def __init__(self, *_: object) -> None:
        """Take what the real one takes."""
