from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from sklearn.covariance import EmpiricalCovariance

from flawflow.progress import ignore_progress
from flawflow.recipe.baseline_options import DIFFERNET
from flawflow.training.detectors.differnet import Differnet
from flawflow.training.feature_store import FeatureStore


def test_before_its_first_step_it_is_the_mahalanobis_distance_of_pooled_features():
    generator = torch.Generator().manual_seed(0)
    good, asked = (
        [
            torch.randn(count, depth, side, side, generator=generator) + shift
            for depth, side in ((3, 4), (4, 2))
        ]
        for count, shift in ((60, 2.0), (9, 2.5))
    )
    store = FeatureStore(
        maps=tuple(scale.flatten(2).transpose(1, 2).contiguous() for scale in good),
        grids=((4, 4), (2, 2)),
        views=1,
        pictures=tuple(Path(f"{n}.png") for n in range(60)),
        failures=(),
    )
    source = SimpleNamespace(
        features=store,
        seed=3,
        device=torch.device("cpu"),
        on_progress=ignore_progress,
        work=SimpleNamespace(load=lambda name: None, save=lambda name, tensors: None),
    )
    detector = Differnet(replace(DIFFERNET, steps=0, noise=0.0))
    detector.fit(source)
    with torch.inference_mode():
        (found,) = detector(asked)
    pooled, others = (
        torch.cat([scale.double().mean(dim=(2, 3)) for scale in scales], dim=1).numpy()
        for scales in (good, asked)
    )
    squares = EmpiricalCovariance().fit(pooled)
    # The distance is counted from the likeliest good picture: d² = 1 + M² - min M².
    least = squares.mahalanobis(pooled).min()
    expected = np.sqrt(np.maximum(1 + squares.mahalanobis(others) - least, 1))
    assert found.shape == (9, 1, 1)
    np.testing.assert_allclose(found.ravel().numpy(), expected, rtol=1e-3)
