"""A machine's program, as a test can be one: it speaks Modbus TCP by pymodbus's own client."""

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from pymodbus.client import ModbusTcpClient

ENABLE, TRIGGER, ACKNOWLEDGE, RESET = 1, 2, 4, 8
READY, BUSY, ACQUIRED, VALID = 1, 2, 4, 8
HEARTBEAT = 16


@dataclass(frozen=True)
class Status:
    """The status registers, read by their places in docs/machine.md."""

    registers: tuple[int, ...]

    @property
    def bits(self) -> int:
        return self.registers[0] & ~HEARTBEAT

    @property
    def code(self) -> int:
        return self.registers[1]

    @property
    def problem(self) -> int:
        return self.registers[2]

    @property
    def missed(self) -> int:
        return self.registers[3]

    @property
    def job(self) -> int:
        return self.registers[4] << 16 | self.registers[5]

    @property
    def inspection(self) -> int:
        return self.registers[6] << 16 | self.registers[7]

    @property
    def session(self) -> int:
        return self.registers[9]

    @property
    def part(self) -> str:
        return struct.pack(">14H", *self.registers[12:26]).rstrip(b"\0").decode("ascii")

    @property
    def score(self) -> float:
        return struct.unpack(">f", struct.pack(">2H", *self.registers[26:28]))[0]

    @property
    def milliseconds(self) -> int:
        return self.registers[35]


class Plc:
    """Writes and reads like a ladder would."""

    def __init__(self, port: int, device: int = 1) -> None:
        self._client = ModbusTcpClient("127.0.0.1", port=port, timeout=5, retries=0)
        self._device = device
        self.connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def connect(self) -> None:
        assert self._client.connect()

    def cut(self) -> None:
        self._client.close()

    def control(self, bits: int, part: str = "", recipe: int = 0) -> None:
        text = struct.unpack(">14H", part.encode("ascii").ljust(28, b"\0"))
        answer = self._client.write_registers(0, [bits, recipe, *text], device_id=self._device)
        assert not answer.isError(), answer

    def status(self) -> Status:
        answer = self._client.read_input_registers(0, count=48, device_id=self._device)
        assert not answer.isError(), answer
        return Status(tuple(answer.registers))

    def until(self, condition: Callable[[Status], bool], seconds: float = 15.0) -> Status:
        """Poll every 2 ms, as a fast machine does."""
        end = time.monotonic() + seconds
        while not condition(status := self.status()):
            assert time.monotonic() < end, status
            time.sleep(0.002)
        return status

    def until_bits(self, bits: int) -> Status:
        return self.until(lambda status: status.bits == bits)

    def start(self) -> None:
        self.control(ENABLE)
        self.until_bits(READY)

    def acknowledge(self) -> Status:
        self.control(ENABLE | ACKNOWLEDGE)
        self.until(lambda status: not status.bits & VALID)
        self.control(ENABLE)
        return self.until_bits(READY)
