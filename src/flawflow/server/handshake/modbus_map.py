"""The register map of Modbus: docs/machine.md shows it, and a test holds the two together.

Numbers of 32 bits have their high word first; text has two ASCII characters a register, the first in the high
byte, and ends with zeros.
"""

import struct
from collections.abc import Sequence

from flawflow.server.handshake.bits import BitHandshake, Bits
from flawflow.server.handshake.state import Phase, Result

VERSION = 1
"""Of the map; a register that changes its meaning makes it another."""

CONTROL_COUNT = 16
STATUS_COUNT = 48

_ENABLE, _TRIGGER, _ACKNOWLEDGE, _RESET = (1 << bit for bit in range(4))
READY, BUSY, ACQUIRED, VALID, HEARTBEAT = (1 << bit for bit in range(5))

_RECIPE = 1
_PART = slice(2, 16)
_PART_BYTES = 28
_LARGEST = 0xFFFF


def control_bits(registers: Sequence[int]) -> Bits:
    """Read the bits of the control registers."""
    word = registers[0]
    return Bits(*(bool(word & bit) for bit in (_ENABLE, _TRIGGER, _ACKNOWLEDGE, _RESET)))


def recipe_number(registers: Sequence[int]) -> int:
    """Read which model is wanted: 0 for the line's own, n for the n-th of the station."""
    return registers[_RECIPE]


def part_name(registers: Sequence[int]) -> str:
    """Read what the machine calls the part; bytes that are no ASCII are shown as escapes."""
    content = struct.pack(">14H", *registers[_PART])
    return content.rstrip(b"\0 ").decode("ascii", "backslashreplace")


def status_registers(
    handshake: BitHandshake, *, part: Sequence[int], recipe: int, session: int, beat: int, duration_ms: int
) -> list[int]:
    """Give the status registers.

    Args:
        handshake: What they say.
        part: The registers of the part's name, as they were when the job began.
        recipe: The number of the model, likewise.
        session: Of this start of the station.
        beat: Seconds that it has run; its lowest bit is the heartbeat.
        duration_ms: From the last trigger to its result.
    """
    state = handshake.state
    result = state.result
    bits = (
        (READY, handshake.ready),
        (BUSY, state.busy),
        (ACQUIRED, state.phase in (Phase.INSPECTING, Phase.VALID)),
        (VALID, state.phase is Phase.VALID),
        (HEARTBEAT, beat % 2 == 1),
    )
    head = [sum(bit for bit, is_set in bits if is_set), state.code]
    head += [0 if result is None else result.problem, state.missed & _LARGEST]
    head += [*_words(state.job), *_words(0 if result is None else result.inspection)]
    head += [VERSION, session & _LARGEST, beat & _LARGEST, recipe, *part]
    found = [0] * 12 if result is None else _found(result, duration_ms)
    return [*head, *found, *[0] * (STATUS_COUNT - len(head) - len(found))]


def _found(result: Result, duration_ms: int) -> list[int]:
    floats = struct.unpack(">4H", struct.pack(">ff", result.score, result.p_value))
    box = (min(max(side, 0), _LARGEST) for side in result.box)
    model = struct.unpack(">2H", bytes.fromhex(result.model_sha256[:8] or "00000000"))
    return [*floats, min(result.regions, _LARGEST), *box, min(duration_ms, _LARGEST), *model]


def part_registers(registers: Sequence[int]) -> list[int]:
    """Give the registers of the part's name."""
    return list(registers[_PART])


def _words(value: int) -> tuple[int, int]:
    return value >> 16 & _LARGEST, value & _LARGEST
