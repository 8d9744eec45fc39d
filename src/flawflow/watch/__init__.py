"""Watching a folder into which a line drops pictures: every file judged once, every verdict delivered."""
