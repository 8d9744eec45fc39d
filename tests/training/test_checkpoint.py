"""Files of tensors: every kind is read, nothing in them runs, misfits are named."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from flawflow.errors import WeightsError
from flawflow.storage.files import sha256_of_file
from flawflow.training.checkpoint import (
    fit_names,
    read_tensors,
    sha256_of_tensors,
    shapes_of,
)

STATE = {
    "conv.weight": torch.arange(6.0).view(2, 3),
    "bn.weight": torch.ones(2),
    "bn.num_batches_tracked": torch.tensor(3),
    "fc.weight": torch.zeros(5, 2),
}
WANTED = shapes_of(STATE)


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("exploded",)


def _fit(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return fit_names(state, WANTED, optional=("fc",), what="a.pth does not fit encoder x")


@pytest.mark.parametrize("wrapper", [None, "state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module.", "module.model."])
def test_wrappers_and_common_prefixes_are_removed(tmp_path: Path, wrapper: str | None, prefix: str) -> None:
    state = {prefix + name: tensor for name, tensor in STATE.items()}
    path = tmp_path / "a.pth"
    torch.save({wrapper: state, "epoch": 3} if wrapper else state, path)
    read = read_tensors(path)
    assert list(read) == list(STATE)
    assert all(torch.equal(read[name], tensor) for name, tensor in STATE.items())


def test_safetensors_are_read(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "a.safetensors")
    read = read_tensors(tmp_path / "a.safetensors")
    assert read.keys() == STATE.keys()
    assert torch.equal(read["conv.weight"], STATE["conv.weight"])


@pytest.mark.parametrize("legacy", [True, False])
def test_a_pickle_that_would_run_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, legacy: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bomb.pth"
    if legacy:
        path.write_bytes(pickle.dumps({"conv.weight": _Bomb()}))
    else:
        torch.save({"conv.weight": _Bomb()}, path)
    with pytest.raises(
        WeightsError, match=r"bomb\.pth is damaged or holds more .* no code in it will be run"
    ):
        read_tensors(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("length", [0, 10, 200])
def test_a_damaged_file_is_refused(tmp_path: Path, suffix: str, length: int) -> None:
    whole, path = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    if suffix == ".pth":
        torch.save(STATE, whole)
    else:
        save_file(STATE, whole)
    path.write_bytes(whole.read_bytes()[:length])
    with pytest.raises(WeightsError, match="cut"):
        read_tensors(path)


@pytest.mark.parametrize(
    "content", [3, [], {}, {"epoch": 3}, {"a": torch.ones(1), "epoch": 3}, torch.ones(2)]
)
def test_a_file_without_a_state_dict_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match="save the network's state_dict"):
        read_tensors(tmp_path / "a.pt")


def test_missing_files_and_foreign_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no weights file .*a\.pth"):
        read_tensors(tmp_path / "a.pth")
    (tmp_path / "a.onnx").write_bytes(b"x")
    with pytest.raises(WeightsError, match=r"a\.onnx is neither"):
        read_tensors(tmp_path / "a.onnx")


def test_names_fit_in_any_order_and_without_the_classifier() -> None:
    shuffled = {name: STATE[name] for name in ("bn.weight", "extra", "conv.weight") if name in STATE}
    assert list(_fit(shuffled)) == ["conv.weight", "bn.weight"]
    assert list(_fit(shuffled | {"extra": torch.ones(9)})) == ["conv.weight", "bn.weight"]


@pytest.mark.parametrize("with_classifier", [True, False])
def test_other_names_fit_by_order_where_shapes_agree(with_classifier: bool) -> None:
    foreign = {f"_{name}": tensor for name, tensor in STATE.items() if with_classifier or "fc" not in name}
    fitted = _fit(foreign)
    assert torch.equal(fitted["conv.weight"], STATE["conv.weight"])
    assert list(fitted) == ["conv.weight", "bn.weight"]


def test_misfits_are_named() -> None:
    with pytest.raises(
        WeightsError, match=r"a\.pth does not fit .* 'bn\.weight' is missing; 1 of 2 tensors fit"
    ):
        _fit({"conv.weight": STATE["conv.weight"]})
    with pytest.raises(WeightsError, match=r"'conv\.weight' has shape \(1,\) instead of \(2, 3\); 1 of 2"):
        _fit(STATE | {"conv.weight": torch.ones(1)})
    with pytest.raises(WeightsError, match="0 of 2 tensors fit"):
        _fit({"a": torch.ones(2), "b": torch.ones(2, 3)})


def test_checksums_tell_contents_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert (
        sha256_of_file(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert sha256_of_tensors(STATE) == sha256_of_tensors(dict(STATE))
    assert sha256_of_tensors(STATE) != sha256_of_tensors(STATE | {"bn.weight": torch.zeros(2)})
