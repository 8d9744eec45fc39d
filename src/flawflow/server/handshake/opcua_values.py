"""What OPC 40100-1 says of jobs, recipes and results, as its structures."""

from datetime import UTC, datetime
from typing import Any

from flawflow.decision.verdict_code import Code
from flawflow.server.handshake.state import Handshake
from flawflow.server.models import Model

_COMPLETED, _FAILED = 1, 4
CONTENT_VERSION = 1
"""Of the order of `ResultContent`."""


def named(value: Any) -> str:
    """Give the id of one of the specification's id structures; empty where there is none."""
    return getattr(value, "Id", None) or ""


def hash_of(recipe: Any) -> str:
    """Give the hash of a recipe's id in hex; empty where there is none."""
    return (getattr(recipe, "Hash", None) or b"").hex()


def job_id(state: Handshake) -> Any:
    """Give the id of the job of a moment."""
    from asyncua import ua

    return ua.JobIdDataType(str(state.job))


def recipe_of(model: Model) -> Any:
    """Give a model as a recipe: its name, its version and the hash of its file."""
    return _recipe(model.name, str(model.version), model.sha256)


def result_values(state: Handshake, measurement: str, started: datetime) -> dict[str, Any]:
    """Give the fields of a ResultReady event.

    `ResultContent` is, in this order: the version of the content, the code, the verdict or FAILED, the
    problem's number and sentence, the score, the p-value, the id of the record, and the model file's hash.
    """
    from asyncua import ua

    result = state.result
    assert result is not None
    parts = (
        (CONTENT_VERSION, ua.VariantType.Int32),
        (int(result.code), ua.VariantType.Int32),
        (result.code.name, ua.VariantType.String),
        (int(result.problem), ua.VariantType.Int32),
        (result.reason, ua.VariantType.String),
        (result.score, ua.VariantType.Double),
        (result.p_value, ua.VariantType.Double),
        (result.inspection, ua.VariantType.Int64),
        (result.model_sha256, ua.VariantType.String),
    )
    return {
        "ResultId": ua.ResultIdDataType(str(state.job)),
        "JobId": job_id(state),
        "PartId": ua.PartIdDataType(Id=state.part),
        "MeasId": ua.MeasIdDataType(Id=measurement),
        "InternalRecipeId": _recipe(result.model, "", result.model_sha256),
        "ResultState": _FAILED if result.code is Code.FAILED else _COMPLETED,
        "IsPartial": False,
        "IsSimulated": False,
        "CreationTime": datetime.now(UTC),
        "ProcessingTimes": ua.ProcessingTimesDataType(StartTime=started, EndTime=datetime.now(UTC)),
        "ResultContent": [ua.Variant(*part) for part in parts],
    }


def latest(state: Handshake, measurement: str, started: datetime) -> Any:
    """Give the result that waits as a structure, with the same values."""
    from asyncua import ua

    return ua.ResultDataType(**result_values(state, measurement, started))


def _recipe(name: str, version: str, sha256: str) -> Any:
    from asyncua import ua

    return ua.RecipeIdExternalDataType(
        Id=name, Version=version, Hash=bytes.fromhex(sha256), HashAlgorithm="SHA-256"
    )
