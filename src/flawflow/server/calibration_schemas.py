"""How a model judges, as a type for OpenAPI and as a dictionary ready for JSON."""

from typing import Any

from pydantic import BaseModel, Field

from flawflow.decision.calibration import Calibration
from flawflow.decision.threshold import Threshold
from flawflow.report.wording import guarantee, meaning, promise


class ThresholdOut(BaseModel):
    """A threshold, and what it does to good parts."""

    score: float
    asked_rate: float
    guaranteed_rate: float = Field(description="the next good part is above it with at most this probability")
    expected_rate: float = Field(description="about this share of good parts is above it")
    confident_rate: float = Field(description="with 95 % confidence, at most this share of good parts is")
    keeps_rate: bool
    needed: int = Field(
        description="good pictures of which the guarantee of the rate asked for needs so many"
    )
    meaning: str


class CalibrationOut(BaseModel):
    """By what a model judges."""

    count: int = Field(description="good pictures that it was calibrated with")
    own_count: int = Field(description="those of them that the guarantee rests on")
    ng: ThresholdOut
    review: ThresholdOut
    false_reject_rate: float
    review_rate: float
    ng_threshold: float
    review_threshold: float
    pixel_threshold: float
    guaranteed: bool = Field(description="whether the pictures are enough for both rates")
    guarantee: str
    sentence: str


def calibration_json(calibration: Calibration) -> dict[str, Any]:
    """A `CalibrationOut` as it is sent."""
    reject, review = calibration.threshold(), calibration.review_threshold()
    return {
        "count": len(calibration.all_scores),
        "own_count": len(calibration.scores),
        "ng": _threshold_json(reject, calibration.needed(), meaning("NG", calibration)),
        "review": _threshold_json(review, calibration.needed_for_review(), meaning("REVIEW", calibration)),
        "false_reject_rate": calibration.false_reject_rate,
        "review_rate": calibration.review_rate,
        "ng_threshold": reject.score,
        "review_threshold": review.score,
        "pixel_threshold": calibration.pixel_threshold,
        "guaranteed": reject.keeps_rate and review.keeps_rate,
        "guarantee": guarantee(calibration),
        "sentence": promise(calibration),
    }


def _threshold_json(threshold: Threshold, needed: int, meant: str) -> dict[str, Any]:
    own = ThresholdOut.model_fields.keys() - {"needed", "meaning"}
    return {name: getattr(threshold, name) for name in own} | {"needed": needed, "meaning": meant}
