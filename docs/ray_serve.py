"""A model behind Ray Serve; see docs/scale.md."""

import os

from ray import serve
from starlette.requests import Request

from flawflow import Inspector
from flawflow.errors import FlawflowError


@serve.deployment(num_replicas="auto", ray_actor_options={"num_cpus": 1})
class Inspection:
    """Inspects the picture of a request's body."""

    def __init__(self, model: str) -> None:
        self.inspector = Inspector.load(model, threads=1)

    async def __call__(self, request: Request) -> dict[str, object]:
        """Give the verdict, or why there is none."""
        try:
            found = self.inspector.inspect(await request.body())
        except FlawflowError as error:
            return {"error": str(error)}
        return {"score": found.score, "p_value": found.p_value, "verdict": found.verdict}


app = Inspection.bind(os.environ["FLAWFLOW_MODEL"])
