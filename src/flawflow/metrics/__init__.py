"""Measures of detection: pictures told apart, pixels told apart, defect regions found."""

from flawflow.metrics.aupro import aupro
from flawflow.metrics.evaluation import DefectEvaluation, Evaluation, ScoredImage, evaluate_maps
from flawflow.metrics.pixels import PixelMeasures, PixelResult
from flawflow.metrics.ranking import auroc, auroc_interval, average_precision

__all__ = [
    "DefectEvaluation",
    "Evaluation",
    "PixelMeasures",
    "PixelResult",
    "ScoredImage",
    "aupro",
    "auroc",
    "auroc_interval",
    "average_precision",
    "evaluate_maps",
]
