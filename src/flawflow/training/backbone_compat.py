"""Importing timm beside a torchvision whose compiled operators do not load.

timm imports torchvision. A torchvision wheel built for another torch (the usual case beside a
CPU-only torch) cannot load its compiled part, and then stops its own import with "operator
torchvision::nms does not exist". Classification backbones use none of these operators, so it is
enough to declare the ones that torchvision insists on.
"""

import importlib
from types import ModuleType

import torch

_SCHEMAS = ("nms", "qnms")
_ARGUMENTS = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
# A library withdraws its declarations when it is collected, so it is kept for the life of the process.
_declared: list[torch.library.Library] = []


def import_timm() -> ModuleType:
    """Import timm, first declaring torchvision's operators where they are really absent.

    A torchvision that imports as it is stays untouched: its own operators could not be registered
    beside declared ones.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        _declare_operators()
        importlib.import_module("torchvision")
    return importlib.import_module("timm")


def _declare_operators() -> None:
    if _declared:
        return
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for name in _SCHEMAS:
        library.define(name + _ARGUMENTS)  # type: ignore[no-untyped-call]
    _declared.append(library)
