"""Rates and thresholds: a person moves either, the station keeps rates."""

from flawflow.judge.calibration import Calibration
from flawflow.station.errors import ValueRefusedError


def rated(
    calibration: Calibration,
    *,
    false_reject_rate: float | None = None,
    review_rate: float | None = None,
    ng_threshold: float | None = None,
    review_threshold: float | None = None,
) -> Calibration:
    """A calibration at other rates, or at the rates that thresholds stand for.

    Raises:
        ValueRefusedError: The rates are impossible, alone or together.
    """
    if ng_threshold is not None:
        false_reject_rate = calibration.rate_above(ng_threshold)
    if review_threshold is not None:
        review_rate = calibration.rate_above(review_threshold)
    try:
        return calibration.with_rates(false_reject_rate=false_reject_rate, review_rate=review_rate)
    except ValueError as error:
        raise ValueRefusedError(str(error)) from None
