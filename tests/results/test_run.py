import hashlib
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from flawflow.errors import FlawflowError
from flawflow.inspection.inspector import Inspector
from flawflow.results.record import RECORD_VERSION
from flawflow.results.run import Run
from flawflow.results.sinks.contract import Result, Sink


@pytest.fixture
def paths(tmp_path: Path, rng: np.random.Generator) -> list[Path]:
    paths = [tmp_path / "in" / f"{index}.png" for index in range(6)]
    (tmp_path / "in").mkdir()
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (20, 30, 3), np.uint8)).save(path)
    return paths


@pytest.fixture
def run(tmp_path: Path, tiny_model: Path) -> Run:
    return Run(Inspector.load(tiny_model), model="tiny.flaw", pictures=tmp_path / "in")


def test_each_picture_has_one_record_in_order_that_says_who_and_when(
    run: Run, paths: list[Path], tiny_model: Path
):
    broken = paths[2]
    broken.write_bytes(b"no picture")
    results = list(run.results(paths, []))
    assert [result.record.path for result in results] == [str(path) for path in paths]
    assert [result.file for result in results] == [path.name for path in paths]
    assert [result.record.id for result in results] == [1, 2, 3, 4, 5, 6]
    assert len({result.record.journal for result in results}) == 1
    for result in results:
        record = result.record
        assert (record.record_version, record.source, record.model) == (RECORD_VERSION, "path", "tiny.flaw")
        assert record.model_sha256 == hashlib.sha256(tiny_model.read_bytes()).hexdigest()
        assert record.time is not None
        assert record.time.endswith("+00:00")
    failed = results[2]
    assert failed.inspection is None
    assert failed.record.error is not None
    assert "2.png" in failed.record.error


class Watching(Sink):
    """Keeps what it was given to prepare."""

    name = "watching"

    def __init__(self, parties: int) -> None:
        self.seen: dict[int | None, NDArray[np.uint8]] = {}
        self._meeting = threading.Barrier(parties, timeout=10)

    def prepare(self, result: Result, picture: NDArray[np.uint8]) -> Result:
        assert threading.current_thread() is not threading.main_thread()
        self._meeting.wait()
        self.seen[result.record.id] = picture
        return result


def test_sinks_prepare_side_by_side_with_the_pixels(run: Run, paths: list[Path]):
    sink = Watching(2)
    assert len(list(run.results(paths, [sink]))) == 6
    assert sorted(sink.seen) == [1, 2, 3, 4, 5, 6]
    for number, picture in sink.seen.items():
        np.testing.assert_array_equal(picture, np.asarray(Image.open(paths[(number or 0) - 1])))


def test_an_error_of_a_sink_is_no_failure_of_the_picture(run: Run, paths: list[Path]):
    class Odd(Sink):
        def prepare(self, result: Result, picture: NDArray[np.uint8]) -> Result:
            raise FlawflowError("the disk is full")

    with pytest.raises(FlawflowError, match="disk is full"):
        list(run.results(paths, [Odd()]))
