"""What of a product needs a person, in sentences."""

from flawflow.fleet.status import Status
from flawflow.metrics import Evaluation
from flawflow.report.wording import counted, percent

_CHANCE = 0.5


def attention(status: Status) -> tuple[str, ...]:
    """Say what a person should look at or do; nothing where all is well."""
    if status.error:
        return (f"Failed: {status.error}",)
    record, card = status.record, status.card
    if record is None or card is None:
        return (f"To be trained ({status.reason}): run the command again.",)
    said = []
    if status.changed_file:
        said.append("The model file is not the one that was trained: it was calibrated, adapted or replaced.")
    if record.suspects:
        count = counted(len(record.suspects), "training picture")
        done = "left out of the training" if record.excluded else "used all the same"
        said.append(f"{count} may be defective ({done}): look at the overlays.")
    if record.left_out:
        said.append(
            f"{counted(len(record.left_out), 'training picture')} could not be read: {record.left_out[0]}"
        )
    measures = record.measures
    if measures is not None:
        if measures.error:
            said.append(f"It could not be measured: {measures.error}")
        elif measures.evaluation is not None:
            said += _measured(measures.evaluation, card.calibration.threshold().guaranteed_rate)
            left_out = measures.evaluation.left_out
            if left_out:
                said.append(f"{counted(len(left_out), 'test file')} could not be used: {left_out[0]}")
    if status.to_measure:
        said.append(
            "Its test pictures or its file have changed since it was measured: run the command again."
        )
    return tuple(said)


def _measured(evaluation: Evaluation, guaranteed: float) -> list[str]:
    """What test pictures speak against, as far as 95 % intervals tell it from chance."""
    said, (low, _), at = [], evaluation.image_auroc_interval, evaluation.at_threshold
    if low <= _CHANCE:
        said.append(
            f"It does not tell defective from good pictures with certainty (image AUROC "
            f"{100 * evaluation.image_auroc:.1f}, where 50 is chance): look at the pictures, or give more."
        )
    if at is not None and at.false_reject_interval[0] > guaranteed:
        said.append(
            f"{percent(at.false_reject_rate)} of the good test pictures are NG, more than chance makes of "
            f"the guaranteed {percent(guaranteed)}: check that they are like the training's."
        )
    return said
