import numpy as np
import torch

from flawflow.recipe.related_options import VaeOptions
from flawflow.training.detectors.vae import Vae


def test_a_good_picture_is_drawn_again_and_noise_is_not(make_source, part_pictures):
    source = make_source((1, 16))
    detector = Vae(VaeOptions(steps=120, side=32, width=8, latent=16, peak_rate=5e-3))
    detector.fit(source)
    noise = np.random.default_rng(0).integers(0, 256, part_pictures.shape, dtype=np.uint8)
    with torch.inference_mode():
        (good,), (odd,) = (
            detector(source.encoder(torch.from_numpy(pictures))) for pictures in (part_pictures, noise)
        )
        pixels = source.encoder(torch.from_numpy(part_pictures))[0]
    assert good.shape == (10, 32, 32)
    assert float(odd.mean()) > 2 * float(good.mean())
    # Better than a picture without any content, which it would draw if the code told nothing.
    assert float(good.mean()) < 0.5 * float(pixels.var())


def test_the_map_is_where_the_picture_was_changed(make_source, part_pictures):
    source = make_source((1, 16))
    detector = Vae(VaeOptions(steps=60, side=32, width=8, latent=16))
    detector.fit(source)
    changed = part_pictures[:1].copy()
    changed[:, 8:24, 40:56] = 255
    with torch.inference_mode():
        (found,) = detector(source.encoder(torch.from_numpy(changed)))
    row, column = divmod(int(found[0].argmax()), 32)
    assert 4 <= row < 12
    assert 20 <= column < 28
