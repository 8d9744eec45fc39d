"""flawflow: learns what a good part looks like and shows where a new one is wrong."""

__version__ = "0.1.0"
