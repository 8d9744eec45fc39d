"""Training time of flawflow and of anomalib's models, with the same pictures and the same encoder.

    .venv-peers/bin/python benchmarks/peer_training.py
    .venv-peers/bin/python benchmarks/peer_training.py --data ../shared/data/mvtec/bottle --rounds 5

All read and resize the same files to 256 × 256. Long trainings are begun and their time is extrapolated:

- flawflow: a short training; its steps are extrapolated to those of the preset, balanced (default) or fast;
- CFLOW: an epoch from a few pictures, each with all its vectors in chunks of 64; then --cflow-epochs of them
  (anomalib sets no number; the trainer's own default would be 1,000);
- PaDiM: the whole;
- PatchCore: all features; the greedy choice of a tenth of all patches from its first picks, which take as
  long as the later ones;
- EfficientAD: a few steps, extrapolated to the 70,000 of its paper, with random pictures in the place of
  ImageNet's. It has its own networks.

anomalib's own training steps run in a bare loop, without the trainer, validation and logs around them.
"""

import argparse
import contextlib
import io
import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

import peer_models as peers
from common import machine, quartiles, table, write_report
from flawflow.datasets import Dataset, open_dataset
from flawflow.images import read_image, resize_image
from flawflow.recipe.options import CflowOptions
from flawflow.synthetic import draw_parts
from scaling import time_training

BATCH = 32
EFFICIENT_AD_STEPS = 70_000

Training = Callable[[peers.Backbone, Dataset, argparse.Namespace], float]


def main() -> None:
    options = _options()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        data = open_dataset(options.data or _drawn(Path(scratch)))
        backbone = peers.BACKBONES[options.encoder]
        seconds: dict[str, list[float]] = {name: [] for name in TRAININGS}
        for number in range(options.rounds):
            for name, training in TRAININGS.items():
                print(f"round {number + 1}: {name}", file=sys.stderr)
                seconds[name].append(training(backbone, data, options))
    rows = [{"method": name, "seconds": quartiles(values)} for name, values in seconds.items()]
    report = {
        "what": f"{options.encoder}, {len(data.train)} pictures of {options.data or 'drawn parts'}, "
        f"{torch.get_num_threads()} threads, {options.rounds} rounds",
        "machine": machine(["anomalib", "torch"]),
        "cflow_epochs": options.cflow_epochs,
        "rows": rows,
    }
    write_report(options.output, report, markdown(report))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--encoder", choices=peers.BACKBONES, default="resnet18")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=100, help="of flawflow's short training")
    parser.add_argument("--cflow-pictures", type=int, default=8, help="that a CFLOW epoch is measured on")
    parser.add_argument("--cflow-epochs", type=int, default=50)
    parser.add_argument("--picks", type=int, default=40, help="that PatchCore's choice is measured on")
    parser.add_argument("--efficient-ad-steps", type=int, default=10)
    parser.add_argument("--output", type=Path, default=Path("runs/peer_training"))
    return parser.parse_args()


def _drawn(scratch: Path) -> Path:
    draw_parts(scratch / "parts", train=peers.PICTURES, test=1)
    return scratch / "parts"


def _pictures(data: Dataset, count: int | None = None) -> Iterator[torch.Tensor]:
    """Batches of (B, 3, H, W) in [0, 1], read from their files."""
    paths = [sample.path for sample in data.train][:count]
    for start in range(0, len(paths), BATCH):
        arrays = [resize_image(read_image(path), peers.SIZE) for path in paths[start : start + BATCH]]
        yield torch.stack([torch.from_numpy(array) for array in arrays]).permute(0, 3, 1, 2).float() / 255


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def train_flawflow(
    backbone: peers.Backbone, data: Dataset, options: argparse.Namespace, *, steps: int
) -> float:
    """Seconds of a training of flawflow with so many steps."""
    with tempfile.TemporaryDirectory() as folder:
        whole, step = time_training(
            data,
            Path(folder) / "part.flaw",
            backbone.flow_strides,
            peers.SIZE[0],
            options.steps,
            encoder=options.encoder,
            weights="random",
        )
    return whole + (steps - int(options.steps)) * step


def train_cflow(backbone: peers.Backbone, data: Dataset, options: argparse.Namespace) -> float:
    """Seconds of all epochs of the CFLOW port."""
    module = peers.build_cflow(backbone)
    optimiser = module.configure_optimizers()
    # What its step wants of a trainer.
    module.optimizers = lambda: optimiser
    module.manual_backward = lambda loss: loss.backward()
    module.log = lambda *_, **__: None

    def learn(count: int) -> None:
        for batch in _pictures(data, count):
            module.training_step(SimpleNamespace(image=module.pre_processor(batch)))

    learn(1)
    count, epochs = min(int(options.cflow_pictures), len(data.train)), int(options.cflow_epochs)
    return epochs * len(data.train) / count * _seconds(lambda: learn(count))


def train_padim(backbone: peers.Backbone, data: Dataset, _options: argparse.Namespace) -> float:
    """Seconds of fitting PaDiM."""
    module = peers.build_padim(backbone)
    return _seconds(lambda: _collect(module, data)) + _seconds(module.model.fit)


def train_patchcore(backbone: peers.Backbone, data: Dataset, options: argparse.Namespace) -> float:
    """Seconds of collecting PatchCore's patches and of choosing a tenth of them."""
    module = peers.build_patchcore(backbone)
    collecting = _seconds(lambda: _collect(module, data))
    patches = torch.vstack(module.model.embedding_store)
    few, many = int(options.picks) // 4, int(options.picks)
    short = _seconds(lambda: _choose(patches, few))
    long = _seconds(lambda: _choose(patches, many))
    picks = int(len(patches) * peers.CORESET_SHARE)
    return collecting + short + (picks - few) * max(long - short, 0.0) / (many - few)


def train_efficient_ad(_backbone: peers.Backbone, data: Dataset, options: argparse.Namespace) -> float:
    """Seconds of EfficientAD's steps, one picture each."""
    module = peers.build_efficient_ad()
    peers.fill_efficient_ad(module)
    model = module.model.train()
    learned = [*model.student.parameters(), *model.ae.parameters()]
    optimiser = torch.optim.Adam(learned, lr=module.lr, weight_decay=module.weight_decay)
    picture = next(_pictures(data, 1))

    def learn(steps: int) -> None:
        for _ in range(steps):
            loss = sum(model(batch=picture, batch_imagenet=torch.rand_like(picture)))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    learn(2)
    steps = int(options.efficient_ad_steps)
    return EFFICIENT_AD_STEPS / steps * _seconds(lambda: learn(steps))


TRAININGS: dict[str, Training] = {
    "flawflow cflow, balanced": partial(train_flawflow, steps=CflowOptions.steps),
    "flawflow cflow, fast": partial(train_flawflow, steps=400),
    "anomalib cflow": train_cflow,
    "anomalib padim": train_padim,
    "anomalib patchcore": train_patchcore,
    "anomalib efficient_ad": train_efficient_ad,
}


def _collect(module: Any, data: Dataset) -> None:
    module.model.train()
    for batch in _pictures(data):
        module.model(module.pre_processor(batch))


def _choose(patches: torch.Tensor, count: int) -> None:
    from anomalib.models.components import KCenterGreedy

    # It draws a bar.
    with contextlib.redirect_stderr(io.StringIO()):
        KCenterGreedy(embedding=patches, sampling_ratio=(count + 0.5) / len(patches)).sample_coreset()


def markdown(report: dict[str, Any]) -> str:
    """The table, with where it was measured."""
    ours = report["rows"][0]["seconds"][1]
    rows: list[Sequence[str]] = []
    for row in report["rows"]:
        low, middle, high = row["seconds"]
        rows.append((row["method"], f"{middle:,.0f} ({low:,.0f}–{high:,.0f})", f"{middle / ours:.1f}"))
    return "\n".join(
        [
            f"{report['what']}; CFLOW's port {report['cflow_epochs']} epochs. "
            f"{'; '.join(report['machine'].values())}",
            "",
            table(("method", "training, s (quartiles)", "times balanced"), rows),
        ]
    )


if __name__ == "__main__":
    main()
