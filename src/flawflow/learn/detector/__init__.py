"""Detectors: what follows the encoder. One contract, interchangeable."""

from flawflow.learn.detector.cflow import Cflow
from flawflow.learn.detector.detector import Detector
from flawflow.learn.detector.paper_cflow import PaperCflow

__all__ = ["Cflow", "Detector", "PaperCflow"]
