import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn
from torch.nn import functional as F

from flawflow.recipe.related_options import DfrOptions
from flawflow.training.detectors.dfr import Dfr, autoencoder, linear_autoencoder
from flawflow.training.detectors.principal import principal_components


@pytest.fixture
def vectors() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    code = torch.randn(800, 3, generator=generator)
    mixing = torch.randn(3, 10, generator=generator)
    return code @ mixing + 0.2 * torch.randn(800, 10, generator=generator) + 1


def test_the_linear_detector_measures_the_residual_of_the_principal_components(fitted_beside_patches):
    detector = Dfr(DfrOptions(linear=True, standardised=False))
    found, vectors, others = fitted_beside_patches(detector)
    pca = PCA(n_components=0.9, svd_solver="full").fit(vectors)
    residual = others - pca.inverse_transform(pca.transform(others))
    expected = np.square(residual).sum(axis=1)
    np.testing.assert_allclose(found.numpy().ravel(), expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_no_step_improves_the_linear_limit(vectors: torch.Tensor):
    network = linear_autoencoder(*principal_components(vectors, 0.9)).requires_grad_(True)
    F.mse_loss(network(vectors), vectors).backward()
    for parameter in network.parameters():
        assert float(parameter.grad.abs().max()) < 1e-5


def test_what_learns_linearly_comes_to_the_linear_limit(vectors: torch.Tensor):
    mean, components = principal_components(vectors, 0.9)
    least = F.mse_loss(linear_autoencoder(mean, components)(vectors), vectors)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(10, components.shape[1]), nn.Linear(components.shape[1], 10))
    optimiser = torch.optim.LBFGS(network.parameters(), max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = F.mse_loss(network(vectors), vectors)
        loss.backward()
        return loss

    first = closure().item()
    optimiser.step(closure)
    assert first > 2 * float(least)
    assert closure().item() == pytest.approx(float(least), rel=1e-3)


def test_layers_are_as_wide_as_the_papers():
    widths = [layer.out_features for layer in autoencoder(152, 40) if isinstance(layer, nn.Linear)]
    assert widths == [116, 80, 40, 80, 116, 152]


def test_what_it_learned_from_is_better_reconstructed_than_anything_else(make_source, part_pictures):
    source = make_source((8, 16))
    detector = Dfr(DfrOptions(steps=150, batch=256))
    detector.fit(source)
    noise = np.random.default_rng(0).integers(0, 256, part_pictures.shape, dtype=np.uint8)
    with torch.inference_mode():
        good, odd = (
            detector(source.encoder(torch.from_numpy(pictures)))[0] for pictures in (part_pictures, noise)
        )
    assert float(odd.mean()) > 3 * float(good.mean())
