"""A copy of a station's data, made while it works, from which it starts again."""
