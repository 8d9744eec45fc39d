"""Pauses between tries, each twice as long as the one before."""


class Backoff:
    """Gives the pauses of one thing that is tried again and again.

    >>> pauses = Backoff(first=1.0, longest=5.0)
    >>> [pauses.next() for _ in range(4)]
    [1.0, 2.0, 4.0, 5.0]
    >>> pauses.reset()
    >>> pauses.next(), pauses.next(at_least=3.0)
    (1.0, 3.0)
    """

    def __init__(self, *, first: float = 1.0, longest: float = 60.0) -> None:
        """Begin with a pause of `first` seconds; none becomes longer than `longest`."""
        self._first, self._longest = first, longest
        self._pause = first

    def next(self, at_least: float = 0.0) -> float:
        """Give the seconds of the next pause; `at_least` is what the other side asks for."""
        pause = self._pause
        self._pause = min(2 * pause, self._longest)
        return max(pause, at_least)

    def reset(self) -> None:
        """Begin again: it has worked."""
        self._pause = self._first
