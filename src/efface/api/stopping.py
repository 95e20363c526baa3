"""Whether the server is about to end: for what would else go on for long."""


class Stopping:
    """A flag that is set once, by the server, and looked at by long requests."""

    def __init__(self) -> None:
        self._is_set = False

    @property
    def is_set(self) -> bool:
        """True once the server takes no requests any more and waits for those that are open."""
        return self._is_set

    def set(self) -> None:
        """Tell open requests to come to an end."""
        self._is_set = True
