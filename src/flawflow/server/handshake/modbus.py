"""The handshake over Modbus TCP, through pymodbus (the extra `modbus`)."""

import secrets
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from flawflow.server.errors import StationError
from flawflow.server.handshake.address import Address
from flawflow.server.handshake.bits import BitHandshake
from flawflow.server.handshake.line import Line
from flawflow.server.handshake.loop import LoopThread
from flawflow.server.handshake.modbus_map import (
    CONTROL_COUNT,
    STATUS_COUNT,
    control_bits,
    part_name,
    part_registers,
    recipe_number,
    status_registers,
)
from flawflow.server.handshake.state import Handshake

if TYPE_CHECKING:
    from pymodbus.simulator import SimDevice

MIRROR = 100
"""The holding register where a copy of the status begins, for masters that read holding registers only."""

# By the function that reads: input registers; holding registers, alone or with a write.
_STATUS_AT = {4: 0, 3: MIRROR, 22: MIRROR, 23: MIRROR}
_SECONDS_TO_START = 10.0


class _Device:
    """The registers of a line."""

    def __init__(self, line: Line, models: Callable[[], Sequence[str]], session: int) -> None:
        self._line, self._models, self._session = line, models, session
        self._started = time.monotonic()
        self._handshake = BitHandshake()
        self._part: list[int] = part_registers([0] * CONTROL_COUNT)
        self._recipe = 0

    def write(self, registers: Sequence[int]) -> None:
        """Take the control registers as they are now."""

        def transition(state: Handshake) -> Handshake:
            held = BitHandshake(bits=self._handshake.bits, state=state)
            recipe = recipe_number(registers)
            after = held.write(control_bits(registers), part_name(registers), self._model(recipe))
            if after.state.job != state.job:
                self._part, self._recipe = part_registers(registers), recipe
            self._handshake = after
            return after.state

        self._line.apply(transition)

    def status(self) -> list[int]:
        """Give the status registers, all of one moment."""
        return status_registers(
            BitHandshake(bits=self._handshake.bits, state=self._line.state),
            part=self._part,
            recipe=self._recipe,
            session=self._session,
            beat=int(time.monotonic() - self._started),
            duration_ms=round(1000 * self._line.seconds),
        )

    def _model(self, number: int) -> str:
        if number == 0:
            return ""
        names = self._models()
        return names[number - 1] if number <= len(names) else f"number {number}"


class ModbusServer:
    """Serves lines as devices: each under its number from 1 on, and the first under every other number."""

    def __init__(self, address: Address, lines: Sequence[Line], models: Callable[[], Sequence[str]]) -> None:
        """Listen.

        Args:
            address: Where; port 0 takes a free one.
            lines: One or more.
            models: Gives the names that recipe numbers stand for.

        Raises:
            StationError: pymodbus is missing, or the address cannot be had.
        """
        try:
            from pymodbus.server import ModbusTcpServer
        except ModuleNotFoundError:
            raise StationError("Modbus needs pymodbus: pip install 'flawflow[modbus]'") from None
        session = secrets.randbelow(0xFFFF) + 1
        parts = [_Device(line, models, session) for line in lines]
        devices = [_sim_device(number, part) for number, part in enumerate([parts[0], *parts])]

        async def start() -> Any:
            server = ModbusTcpServer(devices, address=(address.host, address.port))
            await server.serve_forever(background=True)
            return server

        self._thread = LoopThread("flawflow-modbus")
        try:
            self._server = self._thread.call(start(), _SECONDS_TO_START)
        except (RuntimeError, OSError) as error:
            self._thread.close()
            raise StationError(
                f"cannot listen for Modbus on {address} ({error}): choose another --modbus; ports below 1024 "
                "need a right of their own"
            ) from None
        self.port: int = self._server.transport.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Hang up."""
        self._thread.call(self._server.shutdown(), _SECONDS_TO_START)
        self._thread.close()


def _sim_device(number: int, device: _Device) -> "SimDevice":
    from pymodbus.simulator import DataType, SimData, SimDevice

    async def on_access(
        function: int,
        start: int,
        address: int,
        _count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> None:
        if values is not None:
            control = registers[:CONTROL_COUNT]
            control[address - start : address - start + len(values)] = map(int, values)
            device.write(control)
            return
        # Filled in as it is asked for: one answer is of one moment.
        if (offset := _STATUS_AT.get(function)) is not None:
            registers[offset : offset + STATUS_COUNT] = device.status()

    def registers(first: int, count: int, *, readonly: bool) -> SimData:
        return SimData(first, count=count, datatype=DataType.REGISTERS, readonly=readonly)

    nothing = [SimData(0, datatype=DataType.BITS, readonly=True)]
    holding = [registers(0, CONTROL_COUNT, readonly=False), registers(MIRROR, STATUS_COUNT, readonly=True)]
    status = [registers(0, STATUS_COUNT, readonly=True)]
    return SimDevice(number, (nothing, nothing, holding, status), action=on_access)
