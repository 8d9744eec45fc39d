"""Napoletano and others: the distance of a patch to a small dictionary of good ones."""

import torch
from torch import Tensor

from flawflow.progress import Progress
from flawflow.recipe.related_options import NapoletanoOptions
from flawflow.training.detectors.joined import JoinedDetector
from flawflow.training.detectors.nearest_neighbors import nearest_distance
from flawflow.training.detectors.principal import k_means, principal_components
from flawflow.training.feature_source import FeatureSource


class Napoletano(JoinedDetector):
    """The distance of each patch's principal components to the nearest of ten words.

    Napoletano, Piccoli, Schettini: "Anomaly Detection in Nanofibrous Materials by CNN-Based Self-Similarity"
    (Sensors 18, 2018, https://doi.org/10.3390/s18010209). ResNet-18 describes 16 × 16 patches by 512 numbers
    each, principal components keep 95 % of their variance, k-means chooses the dictionary, and a patch is as
    anomalous as it is far from its words.

    Differences: features are the dense ones of the encoder, where the paper runs the network on thousands of
    patches of each picture; the one nearest of ten centres counts, as in MVTec's own re-run of it (Bergmann
    and others, IJCV 129, 2021), where the paper averages over several words; the score is the map's maximum.
    It knows no position, so that a good patch at a wrong place is good to it.
    """

    name = "napoletano"

    options: NapoletanoOptions
    mean: Tensor
    components: Tensor
    centres: Tensor

    def __init__(self, options: NapoletanoOptions | None = None) -> None:
        super().__init__()
        self.options = options or NapoletanoOptions()

    def learn(self, source: FeatureSource, vectors: Tensor) -> None:
        """Find components and centres."""
        options = self.options
        mean, components = principal_components(vectors, options.variance)
        source.on_progress(Progress("Principal components", 1, 1))
        generator = torch.Generator().manual_seed(source.seed)
        some = torch.randperm(len(vectors), generator=generator)[: options.most].to(vectors.device)
        projected = (vectors[some] - mean) @ components
        centres = k_means(projected, options.centres, restarts=options.restarts, seed=source.seed)
        source.on_progress(Progress("K-means", 1, 1))
        self.register_buffer("mean", mean)
        self.register_buffer("components", components)
        self.register_buffer("centres", centres)

    def measure(self, vectors: Tensor) -> Tensor:
        """Measure the distance to the nearest centre."""
        return nearest_distance((vectors - self.mean) @ self.components, self.centres)
