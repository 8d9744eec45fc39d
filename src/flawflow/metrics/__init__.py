"""Measures of detection: pictures told apart, pixels told apart, defect regions found."""

from flawflow.metrics.at_threshold import AtThreshold, Thresholds
from flawflow.metrics.aupro import aupro
from flawflow.metrics.evaluation import DefectEvaluation, Evaluation, ScoredImage, evaluate_maps
from flawflow.metrics.pixel_result import PixelResult
from flawflow.metrics.pixels import PixelMeasures
from flawflow.metrics.ranking import auroc, auroc_interval, average_precision
from flawflow.metrics.saturation import DefectRegion

__all__ = [
    "AtThreshold",
    "DefectEvaluation",
    "DefectRegion",
    "Evaluation",
    "PixelMeasures",
    "PixelResult",
    "ScoredImage",
    "Thresholds",
    "aupro",
    "auroc",
    "auroc_interval",
    "average_precision",
    "evaluate_maps",
]
