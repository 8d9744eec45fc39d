"""timm imports beside any torchvision, in a process of its own each time."""

import subprocess
import sys

PROGRAM = """
import warnings
warnings.simplefilter("error")
from flawflow.training.backbone_compat import import_timm
timm = import_timm()
assert import_timm() is timm
assert timm.is_model("resnet18")
"""

PROPER = """
import torch
own = torch.library.Library("torchvision", "DEF")
for name in ("nms", "qnms"):
    own.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from flawflow.training import backbone_compat
backbone_compat.import_timm()
assert backbone_compat._declared == []
"""


def _run(program: str) -> None:
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_timm_imports_without_a_warning() -> None:
    _run(PROGRAM)


def test_operators_that_exist_are_left_alone() -> None:
    _run(PROPER)
