"""What Prometheus reads."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from flawflow.inspection.inspection import Timings
from flawflow.server.models import Model

_BUCKET_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one station; they have their own registry, so that a process may hold several stations."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.inspections = Counter(
            "flawflow_inspections",
            "Recorded inspections by verdict.",
            ("model", "verdict"),
            registry=registry,
        )
        self.failures = Counter(
            "flawflow_failures", "Pictures that could not be inspected.", ("model",), registry=registry
        )
        self.stages = Histogram(
            "flawflow_stage_seconds", "Wall time of each stage of an inspection.", ("stage",),
            buckets=_BUCKET_SECONDS, registry=registry,
        )  # fmt: skip
        self.waiting = Gauge(
            "flawflow_waiting_pictures", "Pictures that wait or are in work.", registry=registry
        )
        self.refused = Counter(
            "flawflow_refused", "Requests that were refused, by reason.", ("reason",), registry=registry
        )
        self.requests = Histogram(
            "flawflow_request_seconds", "Wall time of requests by method and status.", ("method", "status"),
            buckets=_BUCKET_SECONDS, registry=registry,
        )  # fmt: skip

    def watch_models(self, models: Callable[[], Iterable[Model]]) -> None:
        """Tell of the models that `models` gives, whenever Prometheus asks."""
        self.registry.register(_Models(models))

    def timed(self, timings: Timings) -> None:
        """Count how long the stages of an inspection took."""
        for stage in ("read", "prepare", "infer", "judge"):
            self.stages.labels(stage).observe(getattr(timings, stage))


class _Models(Collector):
    """Which version of each model judges, since when, how well it proved itself, and refused newer files."""

    def __init__(self, models: Callable[[], Iterable[Model]]) -> None:
        self._models = models

    def collect(self) -> Iterator[Metric]:
        loaded = GaugeMetricFamily(
            "flawflow_model_loaded_timestamp_seconds",
            "When the model that judges now was loaded.",
            labels=("model", "version", "sha256"),
        )
        refused = GaugeMetricFamily(
            "flawflow_model_file_refused",
            "1 where the model's newest file could not be taken, and an older one judges.",
            labels=("model",),
        )
        difference = GaugeMetricFamily(
            "flawflow_model_canary_difference",
            "How far the model's canaries are from what was measured where it was made; 1e-4 and less is the "
            "same in fp32. Absent where the file is older than canaries.",
            labels=("model", "engine"),
        )
        safe = GaugeMetricFamily(
            "flawflow_model_safe_way",
            "1 where the engine computes the model in its slower, safe way.",
            labels=("model", "engine"),
        )
        for model in self._models():
            loaded.add_metric((model.name, str(model.version), model.sha256), model.loaded.timestamp())
            refused.add_metric((model.name,), float(model.problem is not None))
            proof = model.inspector.proof
            place = model.name, proof.engine
            safe.add_metric(place, float(proof.safe))
            if proof.differences:
                difference.add_metric(place, proof.difference)
        yield from (loaded, refused, difference, safe)
