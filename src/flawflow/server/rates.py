"""Rates and thresholds: a person moves either, the station keeps rates."""

from typing import Literal

from flawflow.decision.calibration import Calibration
from flawflow.server.errors import ValueRefusedError

Moved = Literal["ng", "review"]


def rated(
    calibration: Calibration,
    *,
    false_reject_rate: float | None = None,
    review_rate: float | None = None,
    ng_threshold: float | None = None,
    review_threshold: float | None = None,
    moved: Moved | None = None,
) -> Calibration:
    """A calibration at other rates, or at the rates that thresholds stand for.

    Args:
        calibration: The present one.
        false_reject_rate: As of `Calibration`.
        review_rate: As of `Calibration`.
        ng_threshold: Where NG shall begin, in place of its rate.
        review_threshold: Where REVIEW shall begin, in place of its rate; where NG begins, it means no REVIEW.
        moved: The one that pushes the other along where they cross; without it that is refused.

    Raises:
        ValueRefusedError: The rates are impossible, alone or together.
    """
    try:
        if ng_threshold is not None:
            false_reject_rate = calibration.rate_above(ng_threshold)
        reject = calibration.false_reject_rate if false_reject_rate is None else false_reject_rate
        if review_threshold is not None:
            review_rate = calibration.rate_above(review_threshold)
            if calibration.threshold(review_rate).score == calibration.threshold(reject).score:
                review_rate = reject
        if moved == "ng" and review_rate is not None:
            review_rate = max(review_rate, reject)
        if moved == "review" and review_rate is not None:
            false_reject_rate = min(reject, review_rate)
        return calibration.with_rates(false_reject_rate=false_reject_rate, review_rate=review_rate)
    except ValueError as error:
        raise ValueRefusedError(str(error)) from None


def rates_of(calibration: Calibration) -> dict[str, float]:
    """Give the rates of a calibration by name, as the record keeps them."""
    return {
        "false_reject_rate": calibration.false_reject_rate,
        "review_rate": calibration.review_rate,
    }
