"""The frozen backbone h(λ): from pictures to a pyramid of feature maps.

One adapter serves every timm network: its own record of feature maps tells channels and strides.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from flawflow.errors import TrainingError, WeightsError, did_you_mean
from flawflow.storage.files import sha256_of_file
from flawflow.training.backbone_compat import import_timm
from flawflow.training.checkpoint import fit_names, read_tensors, sha256_of_tensors, shapes_of
from flawflow.training.weights import WeightsInfo, find_weights

# Short names. The ResNets are tied to the weights that the paper used; any other timm name works as well.
ALIASES: Mapping[str, str] = {
    "lite0": "tf_efficientnet_lite0",
    "lite1": "tf_efficientnet_lite1",
    "lite2": "tf_efficientnet_lite2",
    "lite3": "tf_efficientnet_lite3",
    "lite4": "tf_efficientnet_lite4",
    "resnet18": "resnet18.tv_in1k",
    "resnet50": "resnet50.tv_in1k",
    "resnet152": "resnet152.tv_in1k",
    "wide_resnet50_2": "wide_resnet50_2.tv_in1k",
    "mobilenetv3": "mobilenetv3_large_100",
    "vit_small": "vit_small_patch16_224",
}

# MobileNetV3's last listed map is already its classifier's widening (960 channels); the projection
# before it (160 channels) is what the paper takes. The number is the stage that ends with it.
_PROJECTION_STAGE: Mapping[str, int] = {
    "mobilenetv3_large_100": 6,
    "tf_mobilenetv3_large_100": 6,
}


class Encoder(nn.Module):
    """A frozen backbone with its preprocessing inside.

    It stays in eval mode whatever `train` says, and none of its parameters asks for a gradient.

    Attributes:
        name: timm's name of the network.
        channels: D_k of each map, fine to coarse.
        strides: Picture pixels per map position of each map, fine to coarse; 1 for the picture itself. A
            vision transformer has one stride; its maps come from evenly spaced blocks, early to late.
        size: (H, W) that the network is bound to, or None where any multiple of the strides will do.
        weights_info: Where the weights come from.
        roi_mask: (H, W) bool, which pixels are seen; None for all. The others look like what convolutions
            see beyond the edge of a picture, whatever they hold.
    """

    network: Any
    scale: Tensor
    offset: Tensor
    roi_mask: Tensor | None

    def __init__(
        self,
        network: Any,
        maps: Sequence[int],
        *,
        name: str,
        weights_info: WeightsInfo,
        size: tuple[int, int] | None = None,
        with_pixels: bool = False,
    ) -> None:
        super().__init__()
        self.name = name
        channels = tuple(int(network.feature_info[index]["num_chs"]) for index in maps)
        strides = tuple(int(network.feature_info[index]["reduction"]) for index in maps)
        self.with_pixels = with_pixels
        self.channels = (3, *channels) if with_pixels else channels
        self.strides = (1, *strides) if with_pixels else strides
        self.size = size
        self.weights_info = weights_info
        # What comes after the last map is never computed; the numbering of maps may change with it.
        self._maps = network.prune_intermediate_layers(list(maps))
        self.network = network.requires_grad_(False).to(memory_format=torch.channels_last)
        mean = torch.tensor(weights_info.mean).view(3, 1, 1)
        std = torch.tensor(weights_info.std).view(3, 1, 1)
        # (x/255 - mean)/std as one multiplication and one addition.
        self.register_buffer("scale", 1 / (255 * std), persistent=False)
        self.register_buffer("offset", -mean / std, persistent=False)
        self.register_buffer("roi_mask", None, persistent=False)
        self.train(False)

    def train(self, mode: bool = True) -> Self:
        """Stay in eval mode: a frozen encoder has nothing to learn, not even a batch's statistics."""
        del mode
        return super().train(False)

    def grids(self, size: tuple[int, int]) -> tuple[tuple[int, int], ...]:
        """(H_k, W_k) of each map for pictures of `size` (H, W).

        Raises:
            TrainingError: The size does not fit the encoder.
        """
        if self.size is not None and tuple(size) != self.size:
            raise TrainingError(
                f"Encoder {self.name} was built for pictures of {_pixels(self.size)} and cannot take "
                f"{_pixels(size)}; build it for that size."
            )
        if any(side < stride or side % stride for side in size for stride in self.strides):
            raise TrainingError(
                f"Pictures of {_pixels(size)} do not fit encoder {self.name}; "
                f"height and width must be multiples of {max(self.strides)}."
            )
        return tuple((size[0] // stride, size[1] // stride) for stride in self.strides)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Compute the pyramid.

        Args:
            images: (B, H, W, 3) uint8, RGB, height and width multiples of the coarsest stride.

        Returns:
            K maps (B, D_k, H_k, W_k) float32, fine to coarse.

        Raises:
            TrainingError: The size does not fit the encoder.
        """
        self.grids((images.shape[1], images.shape[2]))
        pixels = images.permute(0, 3, 1, 2).to(torch.float32) * self.scale + self.offset
        if self.roi_mask is not None:
            pixels = pixels * self.roi_mask
        maps: list[Tensor] = self.network.forward_intermediates(
            pixels, indices=self._maps, output_fmt="NCHW", intermediates_only=True
        )
        return [pixels, *maps] if self.with_pixels else maps


def build_encoder(
    name: str,
    *,
    strides: Sequence[int] = (8, 16, 32),
    weights: str | Path | None = None,
    size: tuple[int, int] = (256, 256),
    seed: int = 0,
    reflect_padding: bool = False,
) -> Encoder:
    """Build a frozen encoder.

    Args:
        name: A short name of `ALIASES` or any timm network ("resnet18", "resnet18.a1_in1k", …).
        strides: Strides of the maps, fine to coarse; 1, beside others, for the picture itself. A network of
            one stride gives as many maps as there are other strides, from evenly spaced blocks.
        weights: None for the weights of an installed package, a .safetensors/.pth file, "hub" to
            download them, or "random" (for timing and tests: it detects nothing).
        size: (H, W) of the pictures; binds networks of fixed size, and is checked for all.
        seed: Of random weights.
        reflect_padding: Continue maps beyond their edge by reflection instead of zeros, as the
            paper's ResNets do. Convolutions that pad themselves (TensorFlow's "same") stay as they are.

    Raises:
        WeightsError: The name is unknown, or its weights are missing or do not fit.
        TrainingError: The size or the strides do not fit the network.
    """
    timm = import_timm()
    full_name = _resolve(timm, name)
    cfg = timm.get_pretrained_cfg(full_name)
    options = {"img_size": tuple(size)} if cfg.fixed_input_size else {}
    # Networks are born with random numbers; the caller's own sequence of them shall not notice.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network, info = _load(timm, full_name, weights, seed=seed, options=options)
    indices = _pick_maps(network, full_name, [s for s in strides if s > 1])  # none has a map of stride 1
    if reflect_padding:
        _reflect(network)
    encoder = Encoder(
        network,
        indices,
        name=full_name,
        weights_info=info,
        size=(size[0], size[1]) if options else None,
        with_pixels=1 in strides,
    )
    encoder.grids(size)
    return encoder


def _resolve(timm: Any, name: str) -> str:
    full_name = ALIASES.get(name, name)
    architecture, _, tag = full_name.partition(".")
    if not timm.is_model(architecture):
        short = f"short names are {', '.join(ALIASES)}."
        hint = did_you_mean(name, (*ALIASES, *timm.list_models()), short)
        raise WeightsError(f"There is no encoder named {name!r}; {hint}")
    if tag and not timm.is_model_pretrained(full_name):
        known = ", ".join(timm.list_pretrained(f"{architecture}.*")) or "none"
        raise WeightsError(f"Encoder {architecture} has no weights tagged {tag!r}; known are: {known}.")
    return full_name


def _load(
    timm: Any, name: str, weights: str | Path | None, *, seed: int, options: dict[str, Any]
) -> tuple[Any, WeightsInfo]:
    cfg = timm.get_pretrained_cfg(name)
    if weights == "random":
        network = _create(timm, name, options)
        source, digest, licence = f"random (seed {seed})", sha256_of_tensors(network.state_dict()), "none"
    else:
        file = find_weights(name, weights, pretrained_cfg=cfg)
        with torch.device("meta"):
            wanted = shapes_of(_create(timm, name, {}, num_classes=cfg.num_classes).state_dict())
        classifier = (cfg.classifier,) if isinstance(cfg.classifier, str) else tuple(cfg.classifier or ())
        what = f"{file.path} does not fit encoder {name}"
        state = fit_names(read_tensors(file.path), wanted, optional=classifier, what=what)
        # timm itself brings a transformer's position embedding to the wanted size.
        network = _create(timm, name, options, pretrained=True, pretrained_cfg_overlay={"state_dict": state})
        network.pretrained_cfg.pop("state_dict")  # timm would keep a second copy of every weight.
        source, digest, licence = file.source, sha256_of_file(file.path), file.licence
    return network, WeightsInfo(source, digest, licence, tuple(cfg.mean), tuple(cfg.std))


def _create(timm: Any, name: str, options: dict[str, Any], **more: Any) -> Any:
    return timm.create_model(name, **{"num_classes": 0, **options, **more})


def _pick_maps(network: Any, name: str, strides: Sequence[int]) -> list[int]:
    if not hasattr(network, "forward_intermediates"):
        raise WeightsError(f"Encoder {name} gives no feature maps; choose another, for instance lite0.")
    stage = _PROJECTION_STAGE.get(name.partition(".")[0])
    if stage is not None:
        network.stage_ends[-1] = stage
        projection = network.blocks[stage - 1][-1].feature_info("bottleneck")
        network.feature_info[-1]["num_chs"] = projection["num_chs"]
    available = [entry["reduction"] for entry in network.feature_info]
    if len(set(available)) == 1:
        return [round((k + 1) * len(available) / len(strides)) - 1 for k in range(len(strides))]
    missing = [stride for stride in strides if stride not in available]
    if missing:
        raise TrainingError(f"Encoder {name} has maps of strides {available}, none of stride {missing[0]}.")
    return [len(available) - 1 - available[::-1].index(stride) for stride in sorted(strides)]


def _reflect(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.padding != "valid" and any(module.padding):
            module.padding_mode = "reflect"


def _pixels(size: Sequence[int]) -> str:
    return f"{size[0]} × {size[1]} pixels"
