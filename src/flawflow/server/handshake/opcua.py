"""The handshake over OPC UA as OPC 40100-1 has it, through asyncua (the extra `opcua`)."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from flawflow.server.errors import StationError
from flawflow.server.handshake.address import Address
from flawflow.server.handshake.line import Line
from flawflow.server.handshake.loop import LoopThread
from flawflow.server.handshake.opcua_line import OpcUaLine
from flawflow.server.handshake.opcua_space import add_system, import_types
from flawflow.server.models import Model

# asyncua builds its own address space and then the specification's, some seconds of work.
_SECONDS_TO_START = 120.0
_SECONDS_TO_END = 10.0


class OpcUaServer:
    """Serves each line as a vision system below Objects, without encryption."""

    def __init__(
        self, address: Address, lines: Sequence[Line], models: Callable[[], Sequence[Model]]
    ) -> None:
        """Build the address space, then listen.

        Args:
            address: Where; port 0 takes a free one.
            lines: One or more.
            models: Gives the models, which are the recipes.

        Raises:
            StationError: asyncua is missing, or the address cannot be had.
        """
        try:
            import asyncua  # noqa: F401 its lack must show before work begins
        except ModuleNotFoundError:
            raise StationError("OPC UA needs asyncua: pip install 'flawflow[opcua]'") from None
        # It warns that nothing is encrypted, which docs/machine.md says, and of every connection that ends.
        logging.getLogger("asyncua").setLevel(logging.ERROR)
        self._thread = LoopThread("flawflow-opcua")
        try:
            self._server = self._thread.call(_started(address, lines, models), _SECONDS_TO_START)
        except OSError as error:
            self._thread.close()
            raise StationError(
                f"cannot listen for OPC UA on {address} ({error.strerror or error}): choose another --opcua"
            ) from None
        self.port: int = self._server.bserver._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Hang up."""
        self._thread.call(self._server.stop(), _SECONDS_TO_END)
        self._thread.close()


async def _started(address: Address, lines: Sequence[Line], models: Callable[[], Sequence[Model]]) -> Any:
    from asyncua import Server, ua

    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://{address}/flawflow/")
    server.set_server_name("flawflow station")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await import_types(server)
    for line in lines:
        system = await add_system(server, index, line.name)
        await OpcUaLine(line, system, models).start(server)
    await server.start()
    return server
