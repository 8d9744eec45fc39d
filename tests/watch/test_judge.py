"""A record names the model that judged."""

import hashlib
import os
from pathlib import Path

from flawflow.inspect.inspector import Inspector
from flawflow.watch.judge import Judge


def test_the_record_names_what_was_loaded_whatever_stands_there_since(tiny_model: Path, tmp_path: Path, png):
    path = tmp_path / os.fsdecode(b"St\xfcck.flaw")
    content = tiny_model.read_bytes()
    path.write_bytes(content)
    inspector = Inspector.load(path)
    path.write_bytes(b"another model")
    record = Judge(inspector, path)("a.png", png(20))
    assert record["model_sha256"] == hashlib.sha256(content).hexdigest()
    record["model"].encode()


def test_other_rates_are_the_same_model(tiny_model: Path):
    inspector = Inspector.load(tiny_model)
    other = inspector.with_calibration(inspector.card.calibration)
    assert other.sha256 == inspector.sha256 == hashlib.sha256(tiny_model.read_bytes()).hexdigest()
