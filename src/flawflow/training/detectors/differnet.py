"""DifferNet: a normalizing flow of whole pictures."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from flawflow.recipe.aggregation import BY_IMAGE
from flawflow.recipe.baseline_options import DIFFERNET
from flawflow.recipe.options import CflowOptions
from flawflow.training.detectors.anomaly_score import DistanceScale, LikelihoodScale
from flawflow.training.detectors.density import fit_scale, learn_flow, limited
from flawflow.training.detectors.detector import Detector
from flawflow.training.detectors.position_standardizer import row_chunks
from flawflow.training.feature_source import FeatureSource
from flawflow.training.feature_store import FeatureStore
from flawflow.training.parallel import ProgressCounter, run_parallel


class Differnet(Detector):
    """The likelihood of the pooled features of a picture under a RealNVP flow.

    Rudolph, Wandt, Rosenhahn: "Same Same But DifferNet" (WACV 2021, https://arxiv.org/abs/2008.12577). Eight
    coupling blocks with fixed permutations, trained on turned views of each picture.

    Differences: one encoder gives features of several strides where the paper resizes the picture to three
    sizes; inspection takes the picture once and not in 64 turned views; the flow begins whitened and is
    trained with noise, as `Cflow` is. It judges pictures and not places: its anomaly map is constant.
    """

    name = "differnet"
    aggregation = BY_IMAGE

    scale: DistanceScale | LikelihoodScale

    def __init__(self, options: CflowOptions = DIFFERNET) -> None:
        super().__init__()
        self.options = options

    def fit(self, source: FeatureSource) -> None:
        """Learn the density of pooled features."""
        store = source.features
        means = [[chunk.mean(dim=1, keepdim=True) for chunk in row_chunks(maps)] for maps in store.maps]
        pooled = torch.cat([torch.cat(chunks) for chunks in means], dim=2)
        whole = FeatureStore((pooled,), ((1, 1),), store.views, store.pictures, store.failures)
        options = limited(self.options, whole)
        progress_counter = ProgressCounter("Flow", options.steps, source.on_progress)
        learn = partial(learn_flow, source, options, progress_counter)
        (self.scale,) = run_parallel(
            [partial(fit_scale, source, whole, 0, options, learn)], progress_counter, source.device
        )

    def forward(self, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Measure pictures: one map of one position, (B, 1, 1)."""
        pooled = torch.cat([features.mean(dim=(2, 3)) for features in pyramid], dim=1)
        distance: Tensor = self.scale(pooled[:, None])
        return [distance[:, :, None]]
