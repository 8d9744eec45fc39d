"""The register map is the one that docs/machine.md shows."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flawflow.decision.verdict_code import Code
from flawflow.server.handshake.bits import BitHandshake, Bits
from flawflow.server.handshake.modbus import MIRROR
from flawflow.server.handshake.modbus_map import (
    CONTROL_COUNT,
    STATUS_COUNT,
    VERSION,
    control_bits,
    part_name,
    part_registers,
    recipe_number,
    status_registers,
)
from flawflow.server.handshake.state import Handshake, Phase, Problem, Result, failed

PAGE = (Path(__file__).parents[3] / "docs" / "machine.md").read_text("utf-8")

RESULT = Result(
    code=Code.NG,
    inspection=70_000,
    score=4.25,
    p_value=0.01,
    regions=3,
    box=(1, 2, 3, 4),
    model_sha256="9b1d" * 16,
)


def shown(state: Handshake, **values: int) -> list[int]:
    defaults = {"recipe": 0, "session": 7, "beat": 0, "duration_ms": 0}
    bits = Bits(enable=True)
    return status_registers(
        BitHandshake(bits=bits, state=state), part=[0x4142] + [0] * 13, **defaults | values
    )


def test_every_register_has_its_place() -> None:
    state = Handshake(enabled=True, phase=Phase.VALID, job=66_000, result=RESULT, missed=65_537)
    registers = shown(state, recipe=2, beat=3, duration_ms=21)
    assert len(registers) == STATUS_COUNT
    assert registers[:12] == [4 + 8 + 16, 3, 0, 1, 1, 464, 1, 4464, VERSION, 7, 3, 2]
    assert registers[12:26] == [0x4142, *[0] * 13]
    assert registers[26:28] == [0x4088, 0]
    assert registers[30:38] == [3, 1, 2, 3, 4, 21, 0x9B1D, 0x9B1D]
    assert not any(registers[38:])


def test_a_failure_has_its_problem_and_nothing_else() -> None:
    state = Handshake(enabled=True, phase=Phase.VALID, job=1, result=failed(Problem.LATE, "late"))
    registers = shown(state)
    assert (registers[1], registers[2]) == (4, 7)
    assert registers[6:8] == [0, 0]
    assert registers[36:38] == [0, 0]


def test_without_a_result_nothing_of_the_last_one_is_left() -> None:
    registers = shown(Handshake(enabled=True, job=1), duration_ms=21)
    assert registers[0] == 1
    assert registers[1:3] == registers[6:8] == [0, 0]
    assert not any(registers[26:])


@given(st.lists(st.integers(0, 0xFFFF), min_size=CONTROL_COUNT, max_size=CONTROL_COUNT))
def test_whatever_a_machine_writes_is_read(registers: list[int]) -> None:
    bits = control_bits(registers)
    word = sum(bit << n for n, bit in enumerate((bits.enable, bits.trigger, bits.acknowledge, bits.reset)))
    assert word == registers[0] & 15
    assert recipe_number(registers) == registers[1]
    assert part_name(registers).isascii()
    assert part_registers(registers) == registers[2:]


@given(st.text(st.characters(codec="ascii", exclude_characters="\0 "), max_size=28))
def test_a_name_is_read_as_it_was_written(name: str) -> None:
    content = name.encode("ascii").ljust(28, b"\0")
    words = [content[at] << 8 | content[at + 1] for at in range(0, 28, 2)]
    assert part_name([0, 0, *words]) == name


@pytest.mark.parametrize("numbers", [dict(Code.__members__), dict(Problem.__members__)])
def test_the_page_has_every_code(numbers: dict[str, int]) -> None:
    column = 0 if "OK" in numbers else 2
    table = re.findall(
        r"^\| (\d*) \| ([^|]*) \| \| (\d) \| [^|]+ \|$", PAGE.replace("| | |", "|  |  |"), re.MULTILINE
    )
    assert {int(row[column]) for row in table if row[column]} == {int(value) for value in numbers.values()}


def test_the_page_has_every_register() -> None:
    tables = PAGE.partition("## Modbus TCP")[2].split("| register | meaning |")[1:]
    for table, count in zip(tables, (CONTROL_COUNT, STATUS_COUNT), strict=True):
        places = re.findall(r"^\| (\d+)(?:–(\d+))? \|", table, re.MULTILINE)
        covered = [n for first, last in places for n in range(int(first), int(last or first) + 1)]
        assert covered == list(range(count))
    assert f"This is map {VERSION}" in PAGE
    assert f"from holding register {MIRROR} on" in PAGE
