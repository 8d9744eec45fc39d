import numpy as np
import pytest
import torch

from flawflow.recipe.related_options import FAnoGanOptions
from flawflow.training.detectors.f_anogan import FAnoGan, gradient_penalty

OPTIONS = FAnoGanOptions(steps=150, batch=128, latent=8, hidden=32)


def test_a_critic_of_slope_one_has_no_penalty():
    direction = torch.tensor([0.6, 0.8])
    vectors = torch.randn(7, 2)
    assert gradient_penalty(lambda x: x @ direction, vectors).item() == pytest.approx(0, abs=1e-10)
    assert gradient_penalty(lambda x: 3 * (x @ direction), vectors).item() == pytest.approx(4, rel=1e-5)


def test_each_side_of_the_game_moves_itself_alone(make_source):
    detector = FAnoGan(FAnoGanOptions(steps=1, batch=16, latent=4, hidden=8))
    detector.fit(make_source((8, 16)))
    pair = torch.nn.ModuleList((detector.generator, detector.critic)).requires_grad_(True)
    real = torch.randn(16, detector.generator[-1].out_features)
    detector._play(real, torch.Generator().manual_seed(0)).backward()
    together = [parameter.grad.clone() for parameter in pair.parameters()]
    pair.zero_grad()
    generator = torch.Generator().manual_seed(0)
    code = 2 * torch.rand(16, 4, generator=generator) - 1
    fake = detector.generator(code)
    mixed = torch.lerp(real, fake.detach(), torch.rand(16, 1, generator=generator))
    of_critic = detector.critic(fake.detach()).mean() - detector.critic(real).mean()
    (of_critic + 10 * gradient_penalty(detector.critic, mixed)).backward()
    expected = [parameter.grad.clone() for parameter in detector.critic.parameters()]
    pair.zero_grad()
    (-detector.critic(detector.generator(code)).mean()).backward()
    expected = [parameter.grad.clone() for parameter in detector.generator.parameters()] + expected
    for a, b in zip(together, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-7)


def test_what_it_learned_from_is_nearer_than_anything_else(make_source, part_pictures):
    source = make_source((8, 16))
    detector = FAnoGan(OPTIONS)
    detector.fit(source)
    noise = np.random.default_rng(0).integers(0, 256, part_pictures.shape, dtype=np.uint8)
    with torch.inference_mode():
        (good,), (odd,) = (
            detector(source.encoder(torch.from_numpy(pictures))) for pictures in (part_pictures, noise)
        )
    assert float(odd.mean()) > 2 * float(good.mean())
