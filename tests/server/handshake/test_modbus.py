"""A station and a machine's program, by Modbus TCP."""

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pymodbus", reason="the extra modbus is not installed")

from pymodbus.client import ModbusTcpClient
from starlette.testclient import TestClient

from flawflow.errors import FlawflowError
from flawflow.server.settings import Settings

from .plc import ACKNOWLEDGE, ACQUIRED, BUSY, ENABLE, READY, RESET, TRIGGER, VALID, Plc

OK, NG, FAILED = 1, 3, 4


def run_job(plc: Plc, shoot: Callable[..., str], part: str = "", *, spot: bool = False) -> int:
    plc.control(ENABLE | TRIGGER, part)
    shoot(spot=spot)
    return plc.until_bits(ACQUIRED | VALID).code


def test_parts_in_a_row(machine: TestClient, port: int, shoot: Callable[..., str]) -> None:
    with Plc(port) as plc:
        plc.start()
        for number, spot in enumerate([False, True, False], 1):
            code = run_job(plc, shoot, f"part {number}", spot=spot)
            status = plc.status()
            assert (code, status.job, status.part) == (NG if spot else OK, number, f"part {number}")
            record = machine.get(f"/api/inspections/{status.inspection}").json()
            assert record["path"] == f"part {number}"
            assert record["source"] == "line:gears"
            assert record["score"] == pytest.approx(status.score)
            assert plc.acknowledge().code == 0
        assert plc.status().missed == 0
    (line,) = machine.get("/api/machine").json()["lines"]
    assert (line["name"], line["phase"], line["job"]) == ("gears", "idle", 3)
    # What was acknowledged is still to be seen by people.
    assert (line["code"], line["last"]["code"], line["last"]["job"]) == ("NONE", "OK", 3)
    assert (line["last"]["inspection"], line["label"], line["error"]) == (record["id"], "line:gears", None)


def test_a_second_trigger_is_counted_and_changes_nothing(port: int, shoot: Callable[..., str]) -> None:
    with Plc(port) as plc:
        plc.start()
        plc.control(ENABLE | TRIGGER, "first")
        plc.control(ENABLE, "first")
        plc.control(ENABLE | TRIGGER, "second")
        assert (plc.status().missed, plc.status().bits) == (1, BUSY)
        shoot()
        status = plc.until_bits(ACQUIRED | VALID)
        assert (status.job, status.part) == (1, "first")


def test_a_result_stays_while_the_acknowledgement_is_withheld(port: int, shoot: Callable[..., str]) -> None:
    with Plc(port) as plc:
        plc.start()
        assert run_job(plc, shoot, "bad", spot=True) == NG
        before = plc.status()
        for number in range(1, 4):
            plc.control(ENABLE)
            plc.control(ENABLE | TRIGGER, "next")
            shoot()
            assert plc.status().missed == number
        after = plc.status()
        assert (after.code, after.job, after.part) == (before.code, before.job, "bad")
        plc.acknowledge()
        assert run_job(plc, shoot, "next") == OK


def test_the_next_trigger_waits_until_the_bits_of_the_last_are_cleared(
    port: int, shoot: Callable[..., str]
) -> None:
    with Plc(port) as plc:
        plc.start()
        assert run_job(plc, shoot) == OK
        plc.control(ENABLE | ACKNOWLEDGE)
        assert plc.until(lambda status: not status.bits & VALID).bits == 0
        plc.control(ENABLE)
        plc.until_bits(READY)


def test_a_connection_that_is_cut_in_mid_job_loses_nothing(port: int, shoot: Callable[..., str]) -> None:
    with Plc(port) as plc:
        plc.start()
        plc.control(ENABLE | TRIGGER, "part 1")
        plc.until_bits(BUSY)
        plc.cut()
        shoot(spot=True)
        plc.connect()
        status = plc.until_bits(ACQUIRED | VALID)
        assert (status.code, status.part, status.job) == (NG, "part 1", 1)
        plc.acknowledge()


def test_no_image_is_a_failure(port: int) -> None:
    with Plc(port) as plc:
        plc.start()
        plc.control(ENABLE | TRIGGER, "part 1")
        status = plc.until_bits(VALID | ACQUIRED)
        assert (status.code, status.problem, status.inspection) == (FAILED, 1, 0)


def test_what_cannot_be_decoded_is_a_failure(port: int, folder: Path) -> None:
    with Plc(port) as plc:
        plc.start()
        plc.control(ENABLE | TRIGGER)
        (folder / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
        status = plc.until_bits(VALID | ACQUIRED)
        assert (status.code, status.problem) == (FAILED, 3)


def test_an_image_that_is_written_slowly_is_waited_for(
    port: int, folder: Path, make_png: Callable[..., bytes]
) -> None:
    with Plc(port) as plc:
        plc.start()
        plc.control(ENABLE | TRIGGER)
        content = make_png(spot=True)
        (folder / "slow.png").write_bytes(content[:-20])
        plc.until_bits(BUSY | ACQUIRED)
        (folder / "slow.png").write_bytes(content)
        assert plc.until_bits(VALID | ACQUIRED).code == NG


def test_a_model_is_chosen_by_number(port: int, shoot: Callable[..., str]) -> None:
    with Plc(port) as plc:
        plc.start()
        for recipe, expected in ((1, (OK, 0)), (2, (FAILED, 4))):
            plc.control(ENABLE | TRIGGER, recipe=recipe)
            shoot()
            status = plc.until_bits(VALID | ACQUIRED)
            assert (status.code, status.problem, status.registers[11]) == (*expected, recipe)
            plc.acknowledge()


def test_a_reset_gives_up_the_job(port: int, shoot: Callable[..., str], machine: TestClient) -> None:
    with Plc(port) as plc:
        plc.start()
        plc.control(ENABLE | TRIGGER, "part 1")
        plc.control(ENABLE | RESET)
        plc.control(ENABLE)
        plc.until_bits(READY)
        assert run_job(plc, shoot, "part 2") == OK
        assert plc.status().job == 2
    assert machine.get("/api/machine").json()["lines"][0]["dropped"] == 1


def test_a_line_that_is_not_enabled_is_not_ready(port: int) -> None:
    with Plc(port) as plc:
        assert plc.status().bits == 0
        plc.control(0)
        plc.control(TRIGGER)
        assert (plc.status().bits, plc.status().missed) == (0, 1)


def test_the_heartbeat_beats(port: int) -> None:
    with Plc(port) as plc:
        first = plc.status().registers
        plc.until(lambda status: status.registers[10] != first[10], 3.0)
        assert (plc.status().registers[0] ^ first[0]) & 16


def test_holding_registers_show_the_status_too(port: int, shoot: Callable[..., str]) -> None:
    with Plc(port) as plc:
        plc.start()
        run_job(plc, shoot, "part 1")
        client = ModbusTcpClient("127.0.0.1", port=port)
        assert client.connect()
        mirror = client.read_holding_registers(100, count=48).registers
        assert tuple(mirror[1:10]) == plc.status().registers[1:10]
        assert client.write_register(100, 0).isError()
        assert client.write_coil(0, True).isError()
        assert client.read_holding_registers(16, count=1).isError()
        client.close()


def test_lines_are_devices(
    make_client: Callable[..., TestClient], machine_settings: Settings, tmp_path: Path, make_png: Callable
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    lines = (*machine_settings.lines, f"other={other}")
    client = make_client(replace(machine_settings, lines=lines))
    port = client.get("/api/machine").json()["ports"]["modbus"]
    with Plc(port, device=1) as first, Plc(port, device=2) as second, Plc(port, device=77) as any_other:
        second.start()
        second.control(ENABLE | TRIGGER, "x")
        (other / "a.png").write_bytes(make_png())
        assert second.until_bits(VALID | ACQUIRED).code == OK
        assert first.status().bits == any_other.status().bits == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_station_that_is_restarted_in_mid_job(
    make_client: Callable[..., TestClient], machine_settings: Settings, shoot: Callable[..., str]
) -> None:
    settings = replace(machine_settings, modbus=f"127.0.0.1:{free_port()}", image_seconds=30.0)
    first = make_client(settings)
    port = first.get("/api/machine").json()["ports"]["modbus"]
    with Plc(port) as plc:
        plc.start()
        plc.control(ENABLE | TRIGGER, "part 1")
        before = plc.until_bits(BUSY)
        first.__exit__(None, None, None)
        make_client(settings)
        plc.cut()
        plc.connect()
        # A fieldbus master writes its bits again and again: the trigger that still stands starts no job.
        plc.control(ENABLE | TRIGGER, "part 1")
        shoot()
        after = plc.status()
        assert after.session != before.session
        assert (after.bits, after.code, after.job) == (0, 0, 0)
        plc.control(ENABLE)
        plc.until_bits(READY)
        assert run_job(plc, shoot, "part 1") == OK


def test_an_address_that_cannot_be_had(
    make_client: Callable[..., TestClient], machine_settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = f"127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(FlawflowError, match=f"cannot listen for Modbus on {taken}"):
            make_client(replace(machine_settings, modbus=taken))
    # The data folder is free again.
    make_client(machine_settings)
