import dataclasses
from pathlib import Path

import pytest

from flawflow.errors import FlawflowError
from flawflow.model_file import replace_card
from flawflow.server.db import Store
from flawflow.server.errors import ConflictError, NotFoundError, ValueRefusedError
from flawflow.server.models import Registry


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'station.db'}")
    yield store
    store.close()


@pytest.fixture
def told():
    return []


@pytest.fixture
def registry(store, tiny_model, tmp_path, told):
    return Registry((tiny_model,), folder=tmp_path, store=store, threads=1, changed=told.append)


def other(path: Path, target: Path, detector: str = "another") -> Path:
    """The same graph under another card, so with another hash."""
    from flawflow.model_file import read_model

    replace_card(path, target, dataclasses.replace(read_model(path).card, detector=detector))
    return target


def test_a_changed_file_is_loaded(registry, tiny_model, told):
    before = registry.get()
    other(tiny_model, tiny_model)
    registry.refresh()
    after = registry.get()
    assert (before.card.detector, after.card.detector) == ("brightness", "another")
    assert after.sha256 != before.sha256
    assert told == [after]
    registry.refresh()
    assert len(told) == 1


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_half_written_file_leaves_the_good_model(registry, tiny_model, tmp_path, share, told):
    before = registry.get()
    whole = other(tiny_model, tmp_path / "new.flaw").read_bytes()
    tiny_model.write_bytes(whole[: int(share * len(whole))])
    registry.refresh()
    now = registry.get()
    assert (now.sha256, now.inspector) == (before.sha256, before.inspector)
    assert "tiny.flaw" in now.problem
    tiny_model.write_bytes(whole)
    registry.refresh()
    assert registry.get().card.detector == "another"
    assert registry.get().problem is None
    assert len(told) == 2


def test_a_removed_file_leaves_the_model(registry, tiny_model):
    tiny_model.unlink()
    registry.refresh()
    assert "does not exist" in registry.get().problem
    assert registry.get().inspector is not None


def test_a_good_file_that_comes_back_is_no_problem_any_more(registry, tiny_model):
    content = tiny_model.read_bytes()
    tiny_model.write_bytes(b"half")
    registry.refresh()
    tiny_model.write_bytes(content)
    registry.refresh()
    assert registry.get().problem is None


def test_rates_stay_over_a_restart_and_a_new_file(registry, store, tiny_model, tmp_path):
    registry.set_rates("tiny", false_reject_rate=0.1, review_rate=0.2)
    other(tiny_model, tiny_model)
    registry.refresh()
    again = Registry((tiny_model,), folder=tmp_path, store=store, threads=1)
    for each in (registry.get(), again.get()):
        assert (each.calibration.false_reject_rate, each.calibration.review_rate) == (0.1, 0.2)
        assert each.card.calibration.false_reject_rate == 0.01


def test_a_threshold_is_the_rate_it_stands_for(registry):
    threshold = registry.get().calibration.threshold(0.25).score
    model = registry.set_rates("tiny", ng_threshold=threshold + 1e-6)
    assert model.calibration.threshold().score == threshold
    assert model.calibration.threshold().guaranteed_rate == pytest.approx(0.25)


def test_impossible_rates_are_refused(registry):
    with pytest.raises(ValueRefusedError, match="at least the false reject rate"):
        registry.set_rates("tiny", false_reject_rate=0.2, review_rate=0.1)


def test_versions_switch_and_rollback(registry, store, tiny_model, tmp_path):
    first = other(tiny_model, tmp_path / "a.flaw", "first")
    second = other(tiny_model, tmp_path / "b.flaw", "second")
    assert [registry.add_version("tiny", file) for file in (first, second)] == [1, 2]
    assert registry.get().version == 0
    registry.switch("tiny", 1)
    assert registry.switch("tiny", 2).card.detector == "second"
    again = Registry((tiny_model,), folder=tmp_path, store=store, threads=1)
    assert (again.get().version, again.get().card.detector) == (2, "second")
    assert registry.rollback("tiny").card.detector == "first"
    assert [version.version for version in registry.versions("tiny")] == [0, 1, 2]
    with pytest.raises(NotFoundError):
        registry.switch("tiny", 3)
    assert registry.get().version == 1


def test_a_model_that_was_never_switched_cannot_go_back(registry):
    with pytest.raises(ConflictError, match="never switched"):
        registry.rollback("tiny")


def test_the_first_rollback_goes_to_the_file_of_the_start(registry, tiny_model, tmp_path):
    registry.add_version("tiny", other(tiny_model, tmp_path / "a.flaw"))
    registry.switch("tiny", 1)
    assert registry.rollback("tiny").version == 0


def test_a_foreign_file_is_no_version(registry, tmp_path):
    (tmp_path / "no.flaw").write_bytes(b"no model")
    with pytest.raises(FlawflowError):
        registry.add_version("tiny", tmp_path / "no.flaw")
    assert len(registry.versions("tiny")) == 1


def test_several_models_must_be_named(store, tiny_model, tmp_path):
    paths = tiny_model, other(tiny_model, tmp_path / "second.flaw")
    registry = Registry(paths, folder=tmp_path, store=store, threads=1)
    assert registry.get("second").card.detector == "another"
    with pytest.raises(ValueRefusedError, match="tiny, second"):
        registry.get()
    with pytest.raises(NotFoundError):
        registry.get("../tiny")


def test_one_name_for_two_files_is_refused(store, tiny_model, tmp_path):
    twin = tmp_path / "folder" / "tiny.flaw"
    twin.parent.mkdir()
    twin.write_bytes(tiny_model.read_bytes())
    with pytest.raises(FlawflowError, match="have one name"):
        Registry((tiny_model, twin), folder=tmp_path, store=store, threads=1)


def test_a_name_that_is_no_name_is_refused(store, tmp_path):
    with pytest.raises(FlawflowError, match="rename the file"):
        Registry((tmp_path / "a b.flaw",), folder=tmp_path, store=store, threads=1)


def test_the_engine_is_the_one_that_is_asked_for(tiny_model, tmp_path, store):
    pytest.importorskip("openvino")
    registry = Registry((tiny_model,), folder=tmp_path, store=store, threads=1, engine="openvino")
    assert registry.get().inspector.proof.engine == "openvino"


def test_a_station_without_models_takes_those_of_its_own_folder_while_it_runs(
    store, tiny_model, tmp_path, told
):
    registry = Registry((), folder=tmp_path, store=store, threads=1, changed=told.append)
    assert registry.all() == []
    with pytest.raises(NotFoundError, match="has no model yet"):
        registry.get()
    with pytest.raises(NotFoundError, match="has no model yet"):
        registry.get("tiny")
    put = registry.own_path("part")
    put.parent.mkdir()
    content = tiny_model.read_bytes()
    put.write_bytes(content[:100])
    (put.parent / "a b.flaw").write_bytes(content)
    registry.refresh()
    assert registry.all() == told == []
    put.write_bytes(content)
    registry.refresh()
    assert [model.name for model in told] == ["part"]
    assert registry.has("part")
    again = Registry((tiny_model,), folder=tmp_path, store=store, threads=1)
    assert [model.name for model in again.all()] == ["tiny", "part"]


def test_a_model_is_added_once(registry, tiny_model, told):
    added = registry.add("part", tiny_model)
    assert (added.name, added.version, registry.get("part")) == ("part", 0, added)
    assert told == [added]
    with pytest.raises(ConflictError, match="there is a model part already"):
        registry.add("part", tiny_model)
    assert registry.add_version("part", other(tiny_model, tiny_model.with_name("new.flaw"))) == 1
    assert registry.switch("part", 1).card.detector == "another"
