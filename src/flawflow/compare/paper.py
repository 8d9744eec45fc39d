"""What the paper's tables compare, as runs: ablation, categories, video and complexity."""

from collections.abc import Sequence
from dataclasses import dataclass

from flawflow.compare.plan import Run, Variant, plan_runs
from flawflow.datasets import Dataset

DETECTORS = ("cflow", "padim", "spade", "patchcore")
"""What stands beside CFLOW unless others are asked for: the paper's rivals, and PatchCore."""


@dataclass(frozen=True)
class PaperPlan:
    """What `flawflow compare --paper` does.

    Attributes:
        variants: Detectors and encoders: Tables 3, 4 and 5.
        ablation: One change at a time: Table 2.
        datasets: Of pictures and of videos.
        seeds: Trainings of each.
    """

    variants: tuple[Variant, ...]
    ablation: tuple[Variant, ...]
    datasets: tuple[Dataset, ...]
    seeds: tuple[int, ...]

    @property
    def pictures(self) -> tuple[Dataset, ...]:
        """The data sets of single pictures."""
        return tuple(dataset for dataset in self.datasets if not is_video(dataset))

    @property
    def videos(self) -> tuple[Dataset, ...]:
        """The data sets of frames."""
        return tuple(dataset for dataset in self.datasets if is_video(dataset))

    def runs(self) -> list[Run]:
        """All runs, those of the detectors first. What both tables have is twice in them, with one key."""
        return [
            *plan_runs(self.variants, self.datasets, self.seeds),
            *plan_runs(self.ablation, self.pictures, self.seeds),
        ]


def is_video(dataset: Dataset) -> bool:
    """Whether test pictures are frames: good and anomalous ones lie in one folder, named like the anomaly."""
    good = {sample.path.parent for sample in dataset.test if not sample.is_defective}
    clips = {s.path.parent for s in dataset.test if s.is_defective and s.defect_type == s.path.parent.name}
    return bool(good & clips)


def once(runs: Sequence[Run]) -> list[Run]:
    """The runs without those that have the key of an earlier one."""
    first: dict[str, Run] = {}
    for run in runs:
        first.setdefault(run.key, run)
    return list(first.values())
