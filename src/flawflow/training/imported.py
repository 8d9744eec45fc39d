"""Imports at once what trainings import on their way: processes that are forked after it begin at once."""

import onnxscript  # noqa: F401
import torch.onnx  # noqa: F401

import flawflow.inspection.evaluate
import flawflow.report.suspects
import flawflow.training.train  # noqa: F401
from flawflow.training.backbone_compat import import_timm

import_timm()
