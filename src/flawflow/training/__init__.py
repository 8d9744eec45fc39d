"""Learning from good pictures: the only package that imports torch."""
