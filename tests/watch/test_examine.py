"""A record names the model that judged."""

import hashlib
import os
from pathlib import Path

from PIL import Image

from flawflow.inspection.inspector import Inspector
from flawflow.results.sinks import open_sink
from flawflow.results.sinks.contract import Setting
from flawflow.results.sinks.overlays import Overlays
from flawflow.watch.examine import ImageExaminer


def test_the_record_names_what_was_loaded_whatever_stands_there_since(tiny_model: Path, tmp_path: Path, png):
    path = tmp_path / os.fsdecode(b"St\xfcck.flaw")
    content = tiny_model.read_bytes()
    path.write_bytes(content)
    inspector = Inspector.load(path)
    path.write_bytes(b"another model")
    record = ImageExaminer(inspector, path)("a.png", png(20), "0" * 64)
    assert record.model_sha256 == hashlib.sha256(content).hexdigest()
    assert record.sha256 == "0" * 64
    assert record.model is not None
    record.model.encode()


def overlays(output: Path, inspector: Inspector) -> Overlays:
    sink = open_sink("overlays", Setting(verb="watch", output=output, card=inspector.card))
    assert isinstance(sink, Overlays)
    return sink


def test_an_overlay_is_there_before_the_record_that_names_it(tiny_model: Path, tmp_path: Path, png):
    inspector = Inspector.load(tiny_model)
    judge = ImageExaminer(inspector, tiny_model, overlays(tmp_path / "out", inspector))
    one, other = (judge("sub/latest.png", png(level), f"{level:x}" * 16) for level in (20, 250))
    # Another content under the same name has an overlay of its own.
    assert one.overlay == "overlays/sub/latest_141414141414.jpg"
    assert other.overlay == "overlays/sub/latest_fafafafafafa.jpg"
    for record in (one, other):
        assert record.overlay is not None
        with Image.open(tmp_path / "out" / record.overlay) as image:
            assert image.size == (32, 32)


def test_an_overlay_that_cannot_be_written_costs_no_verdict(tiny_model: Path, tmp_path: Path, png):
    (tmp_path / "out").write_bytes(b"in the way")
    inspector = Inspector.load(tiny_model)
    record = ImageExaminer(inspector, tiny_model, overlays(tmp_path / "out", inspector))(
        "a.png", png(250), "0" * 64
    )
    assert (record.verdict, record.overlay) == ("NG", None)


def test_other_rates_are_the_same_model(tiny_model: Path):
    inspector = Inspector.load(tiny_model)
    other = inspector.with_calibration(inspector.card.calibration)
    assert other.sha256 == inspector.sha256 == hashlib.sha256(tiny_model.read_bytes()).hexdigest()
