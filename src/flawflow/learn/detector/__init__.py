"""Detectors: what follows the encoder. One contract, interchangeable."""

from flawflow.learn.detector.cflow import Cflow
from flawflow.learn.detector.detector import Detector
from flawflow.learn.detector.differnet import Differnet
from flawflow.learn.detector.mahalanobis import Mahalanobis
from flawflow.learn.detector.padim import Padim, PooledPadim
from flawflow.learn.detector.paper_cflow import PaperCflow
from flawflow.learn.detector.patchcore import Knn, Patchcore
from flawflow.learn.detector.registry import DETECTORS, Choice, Uflow
from flawflow.learn.detector.spade import Spade

__all__ = [
    "DETECTORS",
    "Cflow",
    "Choice",
    "Detector",
    "Differnet",
    "Knn",
    "Mahalanobis",
    "Padim",
    "PaperCflow",
    "Patchcore",
    "PooledPadim",
    "Spade",
    "Uflow",
]
