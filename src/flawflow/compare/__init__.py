"""Detectors side by side on one's own data: what each costs and how well it sees."""
