"""What tells products apart is learned, and the graph gives what torch gives."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from flawflow.images import read_image, resize_image
from flawflow.inspection.routing import ROUTER_SIZE, Router
from flawflow.recipe import Recipe
from flawflow.training.encoder import build_encoder
from flawflow.training.router import PictureNumbers, fit_product, router_graph


@pytest.mark.slow
def test_products_are_told_apart(parts: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    graph = router_graph(tiny_recipe)
    router = Router(graph, {})
    paths = sorted((parts / "train" / "good").iterdir())
    torch_numbers = PictureNumbers(
        build_encoder("test_efficientnet", strides=(4, 8, 16), weights="random", size=ROUTER_SIZE)
    )
    picture = read_image(paths[0])
    expected = torch_numbers(torch.from_numpy(resize_image(picture, ROUTER_SIZE)[None]))[0].numpy()
    np.testing.assert_allclose(router.numbers(picture), expected, rtol=1e-3, atol=1e-4)
    dark = []
    for path in paths:
        dark.append(tmp_path / path.name)
        Image.fromarray(read_image(path) // 3).save(dark[-1])
    dark.append(tmp_path / "broken.png")
    dark[-1].write_bytes(b"")
    steps = []
    for name, files in (("bright", paths), ("dark", dark)):
        router.products[name] = fit_product(graph, files, tiny_recipe, steps.append)
        assert steps[-1].done == steps[-1].total == len(files)
    kept = router.products["dark"].held_out
    assert 1 <= len(kept) <= 2
    assert [router.route(path) for path in (paths[0], dark[0])] == ["bright", "dark"]
