"""How large a picture may be, for the whole process unless a caller says otherwise."""

MAX_PIXELS = 100_000_000
"""The most pixels a picture may have where nobody has set another limit: 300 MB as RGB."""

_max_pixels = MAX_PIXELS


def max_pixels_allowed() -> int:
    """Give the most pixels that a picture may have in this process."""
    return _max_pixels


def set_max_pixels(count: int) -> None:
    """Set the most pixels that a picture may have in this process, as the option --max-pixels does.

    Raises:
        ValueError: `count` is less than 1.
    """
    global _max_pixels  # noqa: PLW0603 - one limit for the process, as its memory is one
    if count < 1:
        raise ValueError(f"a picture needs room for at least one pixel; got {count}")
    _max_pixels = count
