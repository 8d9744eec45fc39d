"""Unfinished work, kept so that a killed training can go on."""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Mapping
from copy import copy
from itertools import count
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from flawflow.errors import TrainingError, one_line
from flawflow.storage.files import beside, write_whole

T = TypeVar("T")

_PLAN = "plan.json"
_CHECKSUM = "sha256"

_log = logging.getLogger(__name__)


class UnusableWorkError(TrainingError):
    """Unfinished work that cannot be resumed: of another plan, or damaged. Nothing of it is lost."""


class WorkFolder:
    """A folder beside the model file that holds what a training has learned so far.

    The plan says what the training is about. Work that belongs to another plan is never mixed in.

    Args:
        path: The folder.
        plan: What decides the result: options and pictures, JSON-ready.
        resume: Resume the work that is there; otherwise it is kept under another name, which a warning
            of the logger names.

    Raises:
        UnusableWorkError: `resume` was asked for, but the work there belongs to another plan.
    """

    def __init__(self, path: Path, plan: Mapping[str, object], *, resume: bool) -> None:
        self.path = path
        text = json.dumps(plan, sort_keys=True, indent=1)
        if resume and (path / _PLAN).is_file():
            self._check(text)
        else:
            self._set_aside()
            write_whole(path / _PLAN, text)

    def _set_aside(self) -> None:
        """Keep what was learned before under another name; features are left out, which take but minutes."""
        if not any(self.path.rglob("*.safetensors")):
            self.remove()
            return
        for features in self.path.rglob("*.f32"):
            features.unlink()
        kept = next(place for n in count(1) if not (place := beside(self.path, f"-{n}")).exists())
        self.path.rename(kept)
        _log.warning(
            "%s held an unfinished training, which is kept as %s: move it back and add --resume to continue "
            "it, or remove it.",
            *(one_line(str(path)) for path in (self.path, kept)),
        )

    def _check(self, text: str) -> None:
        try:
            found = dict(json.loads((self.path / _PLAN).read_text("utf-8")))
        except (ValueError, TypeError, RecursionError):
            raise UnusableWorkError(
                f"{self.path / _PLAN} is damaged; leave out --resume to start the training from scratch."
            ) from None
        wanted = json.loads(text)
        different = sorted(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
        if different:
            raise UnusableWorkError(
                f"{self.path} holds the unfinished training of another plan (different: "
                f"{', '.join(different)}); use the same options and pictures, or leave out --resume to "
                "start from scratch."
            )

    def load(self, name: str) -> dict[str, Tensor] | None:
        """The tensors that were saved last under `name`, or None."""
        path = self.path / f"{name}.safetensors"
        if not path.is_file():
            return None
        content = path.read_bytes()
        try:
            tensors = load(content)
            if stored_text(content, _CHECKSUM) != _checksum(tensors):
                raise ValueError("its checksum does not fit")
        except (SafetensorError, ValueError, LookupError, TypeError, RecursionError) as error:
            raise UnusableWorkError(
                f"{path} is damaged ({error}); leave out --resume, or remove {self.path}, to start the "
                "training from scratch."
            ) from None
        return tensors

    def save(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """Keep tensors under `name`, whole or not at all."""
        copies = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
        write_whole(self.path / f"{name}.safetensors", save(copies, {_CHECKSUM: _checksum(copies)}))

    def within(self, name: str) -> "WorkFolder":
        """A folder inside this one, for a part of the work; it goes when this one goes."""
        part = copy(self)
        part.path = self.path / name
        return part

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)


def resumed_or_begun(run: Callable[..., T]) -> T:
    """Resume what is there, and begin from nothing where that belongs to something else or is damaged.

    Args:
        run: Takes `resume`.
    """
    try:
        return run(resume=True)
    except UnusableWorkError:
        return run(resume=False)


def _checksum(tensors: Mapping[str, Tensor]) -> str:
    """A checksum of names, types, shapes and values: a flipped bit would go on in all later weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def stored_text(content: bytes, key: str) -> str:
    """A text in the header of a safetensors file, which is JSON after eight bytes of its length.

    Raises:
        ValueError: The header is no JSON.
        LookupError: It has no such text.
    """
    length = int.from_bytes(content[:8], "little")
    return str(json.loads(content[8 : 8 + length])["__metadata__"][key])


def pack(module: nn.Module, optimiser: torch.optim.Optimizer, step: int) -> dict[str, Tensor]:
    """Parameters, optimiser's state and step as one flat set of tensors."""
    tensors = {f"parameter.{name}": tensor for name, tensor in module.named_parameters()}
    for index, values in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{key}": value for key, value in values.items()}
    return tensors | {"step": torch.tensor(step)}


def unpack(module: nn.Module, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> int:
    """Put back what `pack` packed; gives the step."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        kind, *rest = name.split(".")
        if kind == "optimiser":
            state.setdefault(int(rest[0]), {})[rest[1]] = tensor
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(tensors[f"parameter.{name}"])
    rates = [group["lr"] for group in optimiser.param_groups]
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    for group, rate in zip(optimiser.param_groups, rates, strict=True):
        group["lr"] = rate  # Not the copy of a tensor that loading makes.
    return int(tensors["step"])
