"""Detectors: what follows the encoder. One contract, interchangeable; named in `flawflow.recipe`."""
