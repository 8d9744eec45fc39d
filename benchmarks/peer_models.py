"""anomalib's models for the benchmarks, on the encoders and in the sizes that they are compared in.

Needs what benchmarks/peers/requirements.txt names. Weights are random, since only time and size are measured;
what a method remembers of its training pictures has the size that it would have of MVTec AD's bottle, and
random content: none of these methods takes longer over one content than over another.
"""

import importlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch

from flawflow.training.backbone_compat import import_timm

SIZE = (256, 256)
# Good training pictures of MVTec AD's bottle: what a memory of patches is the size of.
PICTURES = 209
CORESET_SHARE = 0.1


@dataclass(frozen=True)
class Backbone:
    """An encoder as anomalib names it, with the layers of strides 4, 8, 16 and 32.

    Attributes:
        name: timm's name.
        layers: By stride.
        flow_strides: What CFLOW reads: the paper's scales, or those of flawflow's small encoder.
        padim_features: Channels that PaDiM keeps (the paper's number; for others the ResNet-18's).
    """

    name: str
    layers: Mapping[int, str]
    flow_strides: tuple[int, ...]
    padim_features: int

    def at(self, *strides: int) -> list[str]:
        """The layers of some strides."""
        return [self.layers[stride] for stride in strides]


_RESNET = {4: "layer1", 8: "layer2", 16: "layer3", 32: "layer4"}
_LITE = {4: "blocks.1", 8: "blocks.2", 16: "blocks.4", 32: "blocks.6"}

BACKBONES: Mapping[str, Backbone] = {
    "lite0": Backbone("tf_efficientnet_lite0", _LITE, (4, 8, 16), 100),
    "resnet18": Backbone("resnet18", _RESNET, (8, 16, 32), 100),
    "wide_resnet50_2": Backbone("wide_resnet50_2", _RESNET, (8, 16, 32), 550),
}


def import_models() -> ModuleType:
    """Import anomalib's models, where torchvision's own operators may be missing."""
    import_timm()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("anomalib.models")


def build_cflow(backbone: Backbone) -> Any:
    """CFLOW with anomalib's defaults: 8 blocks, condition of 128 channels, chunks of 64 vectors."""
    layers = backbone.at(*backbone.flow_strides)
    return import_models().Cflow(backbone=backbone.name, layers=layers, pre_trained=False)


def build_padim(backbone: Backbone) -> Any:
    """PaDiM of strides 4, 8 and 16, not fitted."""
    return import_models().Padim(
        backbone=backbone.name,
        layers=backbone.at(4, 8, 16),
        pre_trained=False,
        n_features=backbone.padim_features,
    )


def fill_padim(module: Any) -> str:
    """Give PaDiM a Gaussian for each position; says how many."""
    channels, positions = module.model.n_features, (SIZE[0] // 4) * (SIZE[1] // 4)
    gaussian = module.model.gaussian
    gaussian.mean = torch.randn(channels, positions)
    gaussian.inv_covariance = torch.eye(channels).expand(positions, -1, -1).clone()
    return f"{positions:,} Gaussians of {channels} channels"


def build_patchcore(backbone: Backbone) -> Any:
    """PatchCore of strides 8 and 16, without a memory."""
    return import_models().Patchcore(
        backbone=backbone.name,
        layers=backbone.at(8, 16),
        pre_trained=False,
        coreset_sampling_ratio=CORESET_SHARE,
    )


def fill_patchcore(module: Any) -> str:
    """Give PatchCore the tenth of all patches that its defaults keep; says how many."""
    model = module.model
    channels = sum(model.feature_extractor.out_dims)
    patches = int(PICTURES * (SIZE[0] // 8) * (SIZE[1] // 8) * CORESET_SHARE)
    model.memory_bank = torch.randn(patches, channels)
    return f"{patches:,} patches of {channels} channels"


def build_efficient_ad() -> Any:
    """EfficientAD, small; it has its own networks and takes no other encoder."""
    return import_models().EfficientAd()


def fill_efficient_ad(module: Any) -> str:
    """Give EfficientAD statistics, so that it normalises; says that nothing else is remembered."""
    model = module.model
    shape = model.mean_std["mean"].shape
    model.mean_std.update({"mean": torch.randn(shape), "std": torch.ones(shape)})
    levels = {"qa_st": 0.1, "qb_st": 1.0, "qa_ae": 0.1, "qb_ae": 1.0}
    model.quantiles.update({name: torch.tensor(level) for name, level in levels.items()})
    return "its own networks"
