"""Files of tensors: read without running code, and matched to the names a backbone uses."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from flawflow.errors import WeightsError

StateDict = dict[str, Tensor]

_PICKLE_SUFFIXES = frozenset({".pth", ".pt", ".bin", ".tar", ".ckpt"})
_WRAPPERS = ("state_dict_ema", "state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "model.", "backbone.", "encoder.")
# Counters of training steps; nothing that an encoder in eval mode computes depends on them.
_IRRELEVANT = "num_batches_tracked"


def read_tensors(path: Path) -> StateDict:
    """Read a file of named tensors; no code in the file is ever run.

    Args:
        path: A .safetensors file, or a .pth/.pt/.bin/.tar/.ckpt file that holds plain tensors.

    Returns:
        The tensors on the CPU, in the file's order, without wrappers ("state_dict") and without
        prefixes that all names share ("module.").

    Raises:
        WeightsError: The file is missing, damaged, of another kind, or would need to run code.
    """
    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}; give the path of a .safetensors or .pth file.")
    if path.suffix == ".safetensors":
        return _unwrap(_read_safetensors(path), path)
    if path.suffix in _PICKLE_SUFFIXES:
        return _unwrap(_read_pickle(path), path)
    raise WeightsError(
        f"{path} is neither a .safetensors nor a .pth file; convert the weights to one of these."
    )


def fit_names(
    state: StateDict, wanted: Mapping[str, torch.Size], *, optional: tuple[str, ...], what: str
) -> StateDict:
    """Give the tensors of `state` under the names of `wanted`.

    By name where every name is there with its shape; else by order where every shape agrees, which
    serves files whose authors named the same layers otherwise.

    Args:
        state: The file's tensors in the file's order.
        wanted: Name → shape of all the backbone's tensors, in the backbone's order.
        optional: Names of modules that may be absent (the classifier, which an encoder does not use).
        what: The beginning of the error: which file does not fit which encoder.

    Raises:
        WeightsError: The tensors fit neither by name nor by order.
    """
    needed = {name: shape for name, shape in wanted.items() if not _is_optional(name, optional)}
    found = {name: tensor for name, tensor in state.items() if not name.endswith(_IRRELEVANT)}
    fitting = {name for name, shape in needed.items() if name in found and found[name].shape == shape}
    if len(fitting) == len(needed):
        return {name: found[name] for name in needed}
    if len(needed) <= len(found) <= len(wanted):
        pairs = list(zip(needed.items(), list(found.items())[: len(needed)], strict=True))
        if all(shape == tensor.shape for (_, shape), (_, tensor) in pairs):
            return {name: tensor for (name, _), (_, tensor) in pairs}
    raise WeightsError(
        f"{what}: {_first_misfit(found, needed)}; {len(fitting)} of {len(needed)} tensors fit."
    )


def shapes_of(state: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    """Name → shape of the tensors that matter in eval mode."""
    return {name: tensor.shape for name, tensor in state.items() if not name.endswith(_IRRELEVANT)}


def sha256_of_tensors(state: Mapping[str, Tensor]) -> str:
    """The hexadecimal SHA-256 over names and bytes of tensors, in their order."""
    digest = hashlib.sha256()
    for name, tensor in state.items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _read_safetensors(path: Path) -> object:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} is not a readable .safetensors file ({error}); fetch it again."
        ) from error


def _read_pickle(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # A foreign file makes torch raise almost anything.
        raise WeightsError(
            f"{path} is damaged or holds more than plain tensors, and no code in it will be run; "
            "save its state_dict as .safetensors or fetch the file again."
        ) from error


def _unwrap(content: object, path: Path) -> StateDict:
    for wrapper in _WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    if not isinstance(content, dict) or not content:
        raise WeightsError(
            f"{path} holds no named tensors; save the network's state_dict and give that file."
        )
    state = {str(name): tensor for name, tensor in content.items() if isinstance(tensor, Tensor)}
    if len(state) != len(content):
        raise WeightsError(
            f"{path} holds other things than named tensors; save the network's state_dict alone."
        )
    for prefix in _PREFIXES:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def _is_optional(name: str, optional: tuple[str, ...]) -> bool:
    return any(name == module or name.startswith(module + ".") for module in optional)


def _first_misfit(found: Mapping[str, Tensor], needed: Mapping[str, torch.Size]) -> str:
    for name, shape in needed.items():
        if name not in found:
            return f"{name!r} is missing"
        if found[name].shape != shape:
            return f"{name!r} has shape {tuple(found[name].shape)} instead of {tuple(shape)}"
    return "nothing is missing"
