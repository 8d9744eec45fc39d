from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.images import read_image
from flawflow.inspection.inspection import Failure, Inspection
from flawflow.model_file.card import Card
from flawflow.results.record import record_of
from flawflow.results.sinks.contract import Result
from flawflow.results.sinks.overlays import Overlays

MakeInspection = Callable[..., Inspection]


@pytest.fixture
def sink(tmp_path: Path, card: Card) -> Overlays:
    return Overlays(tmp_path / "out", scale=card.colormap_range, name_of=lambda _: "sub/a.jpg")


def result(outcome: Inspection | Failure) -> Result:
    return Result(record_of(outcome), inspection=outcome if isinstance(outcome, Inspection) else None)


def test_drawing_writes_nothing_and_delivering_all(
    tmp_path: Path, sink: Overlays, make_inspection: MakeInspection, rng: np.random.Generator
):
    """What was drawn ahead of a kill would stand there without a record, and nobody would remove it."""
    picture = rng.integers(0, 256, (32, 48, 3), dtype=np.uint8)
    drawn = sink.prepare(result(make_inspection()), picture)
    assert not (tmp_path / "out").exists()
    assert drawn.record.overlay == "overlays/sub/a.jpg"
    sink.deliver([drawn])
    with Image.open(tmp_path / "out" / drawn.record.overlay) as overlay:
        assert (overlay.size, overlay.format) == ((48, 32), "JPEG")


def test_a_picture_too_long_for_jpeg_gets_a_png(
    tmp_path: Path, sink: Overlays, make_inspection: MakeInspection
):
    path = tmp_path / "line.png"
    Image.new("RGB", (70, 66_000)).save(path)
    inspection = make_inspection(path, anomaly_map=np.zeros((66_000, 70)))
    drawn = sink.prepare(result(inspection), read_image(path))
    assert drawn.record.overlay == "overlays/sub/a.png"
    sink.deliver([drawn])
    assert (tmp_path / "out" / drawn.record.overlay).exists()


def test_what_was_not_inspected_has_no_overlay(tmp_path: Path, sink: Overlays):
    sink.deliver([result(Failure(Path("a.png"), "no picture"))])
    assert not (tmp_path / "out").exists()


def test_half_an_overlay_does_not_stay(
    tmp_path: Path, sink: Overlays, make_inspection: MakeInspection, monkeypatch: pytest.MonkeyPatch
):
    drawn = sink.prepare(result(make_inspection()), np.zeros((32, 48, 3), np.uint8))

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as stream:
            stream.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space") as caught:
        sink.deliver([drawn])
    assert caught.value.filename == str(tmp_path / "out" / "overlays" / "sub" / "a.jpg")
    assert list((tmp_path / "out" / "overlays" / "sub").iterdir()) == []
