"""Whether a model proved itself on this machine, as a type for OpenAPI and as a dictionary ready for JSON."""

from typing import Any

from pydantic import BaseModel, Field

from flawflow.runtime.canary_check import Proof
from flawflow.runtime.engines import engine_kind
from flawflow.runtime.processor import processor


class ProofOut(BaseModel):
    """Whether a model computes here what it computed where it was made."""

    engine: str
    release: str = Field(description="of the engine")
    processor: str
    safe: bool = Field(description="whether the engine computes in its slower, safe way")
    difference: float | None = Field(description="largest of its canaries; null in files older than canaries")
    limit: float
    sentence: str


def proof_json(proof: Proof) -> dict[str, Any]:
    """A `ProofOut` as it is sent."""
    return {
        "engine": proof.engine,
        "release": engine_kind(proof.engine).version,
        "processor": processor(),
        "safe": proof.safe,
        "difference": proof.difference if proof.differences else None,
        "limit": proof.limit,
        "sentence": f"{proof.sentence}.",
    }
