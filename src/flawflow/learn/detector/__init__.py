"""Detectors: what follows the encoder. One contract, interchangeable; `registry` names them without torch."""
