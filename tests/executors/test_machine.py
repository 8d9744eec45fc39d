from pathlib import Path

import pytest

from flawflow.executors import machine


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "_CONTROL_GROUP", tmp_path)
    monkeypatch.setattr(machine, "_MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(16)), raising=False)
    return tmp_path


def test_without_limits_the_machine_counts(container: Path):
    assert machine.cores() == 16
    assert machine.free_memory() is None
    (container / "meminfo").write_text("MemTotal:  9 kB\nMemAvailable:  5 kB\n")
    (container / "cpu.max").write_text("max 100000\n")
    (container / "memory.max").write_text("max\n")
    assert machine.cores() == 16
    assert machine.free_memory() == 5 * 1024


def test_a_containers_limits_count(container: Path):
    (container / "meminfo").write_text("MemAvailable:  5000 kB\n")
    (container / "cpu.max").write_text("150000 100000\n")
    (container / "memory.max").write_text("9000\n")
    (container / "memory.current").write_text("2000\n")
    # A core and a half keeps two jobs busier than one.
    assert machine.cores() == 2
    assert machine.free_memory() == 7000
    (container / "memory.current").write_text("9999\n")
    assert machine.free_memory() == 0


@pytest.mark.parametrize(
    ("value", "names"), [("", ()), ("-1", ()), ("0, 3", ("0", "3")), ("GPU-1", ("GPU-1",))]
)
def test_gpus_are_those_that_the_process_may_use(
    monkeypatch: pytest.MonkeyPatch, value: str, names: tuple[str, ...]
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert machine.gpus() == names


def test_gpus_are_counted_where_nothing_is_said(container: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(machine, "_GPUS", container / "gpus")
    assert machine.gpus() == ()
    for name in ("0000:18:00.0", "0000:2a:00.0"):
        (container / "gpus" / name).mkdir(parents=True)
    assert machine.gpus() == ("0", "1")
