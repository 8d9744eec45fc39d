"""PaDiM, PatchCore and STFPM beside anomalib's, on the very same features.

anomalib brings some sixty packages, so it is no dependency of the tests: these skip where it is missing.
To run them, install benchmarks/peers/requirements.txt beside flawflow[train] and pytest.
"""

import importlib
import importlib.util
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from flawflow.progress import ignore_progress
from flawflow.recipe.baseline_options import PadimOptions, PatchcoreOptions
from flawflow.training.backbone_compat import import_timm
from flawflow.training.detectors.feature_fusion import product
from flawflow.training.detectors.nearest_neighbors import greedy_coreset, nearest_distance
from flawflow.training.detectors.padim import Padim
from flawflow.training.detectors.patchcore import Patchcore
from flawflow.training.detectors.stfpm import distances
from flawflow.training.feature_store import FeatureStore

LAYERS = ["layer1", "layer2", "layer3"]
# What anomalib adds to the diagonal of every covariance, in two steps.
ANOMALIB_EPSILON = 0.01 + 1e-5

Peer = Callable[[str], Any]


@pytest.fixture(scope="session")
def peer() -> Peer:
    """Import a module of anomalib's models."""
    if importlib.util.find_spec("anomalib") is None:
        pytest.skip("anomalib is not installed (see benchmarks/peers/requirements.txt)")
    import_timm()

    def module(name: str) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(f"anomalib.models.{name}")

    return module


@contextmanager
def float64() -> Iterator[None]:
    """Let anomalib, which computes in the default type, be the more exact of the two."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def pyramids(seed: int, count: int) -> list[Tensor]:
    """Features of three scales of `count` pictures, float32, correlated over channels and places."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.Generator().manual_seed(0)
    scales = []
    for side, depth in ((12, 20), (6, 30), (3, 40)):
        loose = torch.randn(count, depth, side, side, generator=generator, dtype=torch.float64)
        mix = torch.randn(depth, depth, generator=mixing, dtype=torch.float64) / depth**0.5
        place = torch.randn(depth, side, side, generator=mixing, dtype=torch.float64)
        scales.append((torch.einsum("cd,ndhw->nchw", mix, loose) + place).float())
    return scales


def source_of(scales: Sequence[Tensor]) -> Any:
    """What a detector takes from a source, with given features."""
    store = FeatureStore(
        maps=tuple(scale.flatten(2).transpose(1, 2).contiguous() for scale in scales),
        grids=tuple((scale.shape[2], scale.shape[3]) for scale in scales),
        views=1,
        pictures=tuple(Path(f"{n}.png") for n in range(len(scales[0]))),
        failures=(),
    )
    return SimpleNamespace(features=store, seed=3, device=torch.device("cpu"), on_progress=ignore_progress)


def as_layers(scales: Sequence[Tensor]) -> dict[str, Tensor]:
    return {name: scale.double() for name, scale in zip(LAYERS, scales, strict=False)}


@pytest.mark.parametrize("channels", [None, 35])
def test_padim_measures_the_distances_of_anomalib(peer: Peer, channels: int | None):
    padim_model = peer("image.padim.torch_model").PadimModel
    generator = peer("image.padim.anomaly_map").AnomalyMapGenerator
    good, asked = pyramids(1, 25), pyramids(2, 6)
    padim = Padim(PadimOptions(channels=channels, regularisation=ANOMALIB_EPSILON))
    padim.fit(source_of(good))
    with torch.inference_mode():
        (found,) = padim(asked)
    # The joining of scales needs no backbone of anomalib's, only its layers and its choice of channels.
    joining = SimpleNamespace(layers=LAYERS, idx=padim.patches.chosen)
    with float64():
        gaussian = peer("components.stats.multi_variate_gaussian").MultiVariateGaussian()
        stats = gaussian.fit(padim_model.generate_embedding(joining, as_layers(good)))
        embedding = padim_model.generate_embedding(joining, as_layers(asked))
        expected = generator.compute_distance(embedding, stats)
    assert stats[0].dtype == torch.float64
    assert float(expected.min()) > 1
    torch.testing.assert_close(found.double(), expected[:, 0], rtol=2e-6, atol=0)


def test_patchcore_measures_the_distances_of_anomalib(peer: Peer):
    module = peer("image.patchcore.torch_model")
    good, asked = pyramids(1, 12)[:2], pyramids(2, 6)[:2]
    patchcore = Patchcore(PatchcoreOptions(share=0.1))
    patchcore.fit(source_of(good))
    with torch.inference_mode():
        (found,) = patchcore(asked)
    model = module.PatchcoreModel(layers=LAYERS[:2], backbone="resnet18", pre_trained=False)
    pooled = {name: model.feature_pooler(features) for name, features in as_layers(asked).items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        embedding = model.generate_embedding(pooled)
    model.memory_bank = patchcore.memory.double()
    expected, nearest = model.nearest_neighbors(model.reshape_embedding(embedding), 1)
    assert len(set(nearest.tolist())) > 20
    torch.testing.assert_close(found.double().flatten(), expected, rtol=2e-6, atol=0)


def test_a_near_neighbours_distance_keeps_its_digits_here(peer: Peer):
    """Patches that lie close to the memory: anomalib's short form in float32 loses what ours keeps."""
    model = peer("image.patchcore.torch_model").PatchcoreModel
    generator = torch.Generator().manual_seed(0)
    memory = 10 + torch.randn(200, 64, generator=generator)
    queries = memory[:50] + 1e-3 * torch.randn(50, 64, generator=generator)
    exact = torch.cdist(queries.double(), memory.double(), compute_mode="donot_use_mm_for_euclid_dist").amin(
        1
    )
    ours = nearest_distance(queries[None], memory)[0].double()
    theirs = model.euclidean_dist(queries, memory).amin(1).double()
    torch.testing.assert_close(ours, exact, rtol=1e-5, atol=0)
    assert float(((theirs - exact) / exact).abs().max()) > 0.1


@pytest.mark.parametrize("seed", [0, 7])
def test_the_coreset_is_that_of_anomalib(peer: Peer, seed: int):
    sampler = peer("components.sampling.k_center_greedy").KCenterGreedy
    vectors = torch.randn(500, 24, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    # With a third axis its vectors are compared as they are, not in a random projection.
    greedy = sampler(embedding=vectors[:, :, None], sampling_ratio=0.1)
    torch.manual_seed(seed)
    expected = [int(index) for index in greedy.select_coreset_idxs()]
    found = greedy_coreset(vectors, 50, seed=seed, on_progress=ignore_progress)
    assert found.tolist() == expected


def test_stfpm_loses_and_measures_what_anomalib_does(peer: Peer):
    taught, learned = pyramids(1, 1), pyramids(2, 1)
    ours = distances(taught, learned)
    loss = peer("image.stfpm.loss").STFPMLoss()(as_layers(taught), as_layers(learned))
    # Its loss is a batch's sum, and ours each picture's mean: of one picture they are the same.
    torch.testing.assert_close(torch.stack([one.mean() for one in ours]).sum().double(), loss)
    generator = peer("image.stfpm.anomaly_map").AnomalyMapGenerator()
    expected = generator.compute_anomaly_map(as_layers(taught), as_layers(learned), (12, 12))
    torch.testing.assert_close(product(ours), expected[:, 0])
