"""Ready choices between speed and accuracy, and the paper's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flawflow.errors import TrainingError
from flawflow.learn.augment import Augmentation
from flawflow.learn.detector import DETECTORS, Cflow, Detector, Differnet, PaperCflow
from flawflow.learn.detector.options import FLOWS, CflowOptions


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What a training does beyond the user's own choices.

    Attributes:
        name: What the model card says.
        strides: Input pixels per feature vector of each scale, fine to coarse.
        detector: Makes an unfitted detector.
        augmentation: Makes further views of each picture.
        views: How many of them.
        reflect_padding: Whether the encoder's convolutions mirror at the edge, as the reference's ResNets do.
        crosses: Whether few pictures are cross-fitted without being asked, which takes four trainings.
    """

    name: str
    strides: tuple[int, ...]
    detector: Callable[[], Detector]
    augmentation: Augmentation | None = None
    views: int = 0
    reflect_padding: bool = False
    crosses: bool = True


_STRIDES = (4, 8, 16)

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(name="fast", strides=_STRIDES, detector=lambda: Cflow(CflowOptions(steps=400))),
        Preset(name="balanced", strides=_STRIDES, detector=Cflow),
        Preset(
            name="accurate",
            strides=_STRIDES,
            detector=lambda: Cflow(
                CflowOptions(blocks=4, hidden=128, expansion=4, steps=4000, peak_rate=3e-3)
            ),
        ),
        Preset(name="paper", strides=(8, 16, 32), detector=PaperCflow, reflect_padding=True, crosses=False),
    )
}


def with_detector(preset: Preset, name: str) -> Preset:
    """Give a preset another detector, with the strides and views that this one's paper uses.

    "cflow" leaves the preset as it is.

    Raises:
        TrainingError: There is no such detector, or the preset is tied to its own.
    """
    if name not in DETECTORS:
        raise TrainingError(f"There is no detector {name!r}; choose one of {', '.join(DETECTORS)}.")
    if name == "cflow":
        return preset
    own = preset.detector()
    if not isinstance(own, Cflow):
        raise TrainingError(
            f"The preset {preset.name} is {own.name} by the letter and takes no other detector; choose the "
            f"preset balanced for {name}."
        )
    choice = DETECTORS[name]
    return replace(
        preset,
        strides=choice.strides,
        detector=lambda: choice.make(own.options),
        augmentation=choice.augmentation,
        views=choice.views,
    )


def with_flow(preset: Preset, name: str) -> Preset:
    """Give a preset's detector flows of another family.

    "realnvp" leaves the preset as it is.

    Raises:
        TrainingError: There is no such family, or the detector has no flow that could be of another.
    """
    if name not in FLOWS:
        raise TrainingError(f"There is no flow {name!r}; choose one of {', '.join(FLOWS)}.")
    if name == "realnvp":
        return preset
    detector = preset.detector()
    if not isinstance(detector, Cflow | Differnet):
        raise TrainingError(
            f"The detector {detector.name} cannot have the flow {name}: leave that out, or choose the "
            "detector cflow, uflow or differnet with another preset than paper."
        )
    options = replace(detector.options, **FLOWS[name])
    return replace(preset, name=f"{preset.name}, flow {name}", detector=lambda: type(detector)(options))
