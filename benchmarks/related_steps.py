"""Processor time that detectors of the related work learn for, on one core: time of a step × number of steps.

python benchmarks/related_steps.py FOLDER_OF_GOOD_PICTURES [DETECTOR ...]
"""

import importlib
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from flawflow.recipe.registry import DETECTORS
from flawflow.training.encoder import build_encoder
from flawflow.training.feature_source import FeatureSource
from flawflow.training.unfinished_work import WorkFolder

NAMES = ("dfr", "stfpm", "students", "patch-svdd", "cutpaste", "vae", "f-anogan")
SIZE = (256, 256)
PICTURES = 12


def timed(
    detector: str, _source: FeatureSource, module: nn.Module, options: Any, loss: Any, *, name: str
) -> None:
    """Take a few steps in place of all, and say what all would take."""
    optimiser, generator = torch.optim.Adam(module.parameters()), torch.Generator().manual_seed(0)
    count = 12 if options.batch > 16 else 4
    started = 0.0
    for number in range(count + 1):
        started = time.process_time() if number == 1 else started
        optimiser.zero_grad()
        loss(generator).backward()
        optimiser.step()
    seconds = (time.process_time() - started) / count
    total = seconds * options.steps
    print(f"{detector}, {name}: {1000 * seconds:.0f} ms × {options.steps} = {total:.0f} s", flush=True)
    module.requires_grad_(False).eval()


def main(folder: str, *names: str) -> None:
    torch.set_num_threads(1)
    pictures = tuple(sorted(Path(folder).iterdir()))[:PICTURES]
    for name in names or NAMES:
        kind = DETECTORS[name]
        module = importlib.import_module(kind.home.partition(":")[0])
        vars(module)["descend"] = partial(timed, name)
        with tempfile.TemporaryDirectory() as work:
            source = FeatureSource(
                encoder=build_encoder("lite0", strides=kind.strides, size=SIZE),
                pictures=pictures,
                size=SIZE,
                seed=0,
                device=torch.device("cpu"),
                work=WorkFolder(Path(work), {}, resume=False),
            )
            kind.make({}).fit(source)


if __name__ == "__main__":
    main(*sys.argv[1:])
