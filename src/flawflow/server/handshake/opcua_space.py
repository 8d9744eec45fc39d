"""The address space of OPC 40100-1 (OPC UA for Machine Vision): its types, and one vision system a line."""

import gzip
from dataclasses import dataclass
from importlib import resources
from typing import Any

NAMESPACE = "http://opcfoundation.org/UA/MachineVision"
OWN_NAMESPACE = "urn:flawflow:station"

_VISION_SYSTEM_TYPE = 1003
_RESULT_TYPE = 2002
_EVENT_TYPES = {
    "StateChanged": 1018,
    "JobStarted": 1013,
    "AcquisitionDone": 1025,
    "ResultReady": 1024,
    "Ready": 1023,
}
# The states of the types, which CurrentState.Id names.
STATES = {
    "Preoperational": 5028,
    "Halted": 5029,
    "Error": 5030,
    "Operational": 5031,
    "Initialized": 5056,
    "Ready": 5057,
    "SingleExecution": 5058,
    "Entry": 5078,
    "Wait": 5080,
    "Step": 5081,
}
# Optional parts that a station has no use for, and a client need not see.
_UNUSED = (
    ("ConfigurationManagement",),
    ("SafetyStateManagement",),
    ("RecipeManagement", "AddRecipe"),
    ("RecipeManagement", "RecipeTransfer"),
    ("RecipeManagement", "RemoveRecipe"),
    ("RecipeManagement", "UnlinkProduct"),
    ("RecipeManagement", "PrepareProduct"),
    ("RecipeManagement", "UnprepareProduct"),
    ("ResultManagement", "GetResultComponentsById"),
    ("ResultManagement", "ResultTransfer"),
)


@dataclass(frozen=True)
class VisionSystem:
    """The nodes of a line.

    Attributes:
        root: The vision system.
        machine: Its state machine.
        automatic: The state machine of its automatic mode.
        recipes: Its recipe management.
        results: Its result management.
        events: Generators of its events, by name.
        index: Of the companion specification's namespace.
    """

    root: Any
    machine: Any
    automatic: Any
    recipes: Any
    results: Any
    events: dict[str, Any]
    index: int

    async def child(self, node: Any, *names: str) -> Any:
        """Give a node below another; names without a namespace are the specification's."""
        return await node.get_child([name if ":" in name else f"{self.index}:{name}" for name in names])


async def import_types(server: Any) -> int:
    """Import the specification's types and give the index of their namespace.

    The file is the OPC Foundation's (MIT), as it is: it says so in its first lines.
    """
    content = resources.files("flawflow.server.handshake").joinpath("machine_vision.xml.gz").read_bytes()
    await server.import_xml(xmlstring=gzip.decompress(content))
    return int(await server.get_namespace_index(NAMESPACE))


async def add_system(server: Any, index: int, name: str) -> VisionSystem:
    """Add the vision system of a line.

    Args:
        server: An initialised server.
        index: Of `import_types`.
        name: The line's.
    """
    from asyncua import ua

    own = await server.register_namespace(OWN_NAMESPACE)
    root = await server.nodes.objects.add_object(
        ua.NodeId(name, own), ua.QualifiedName(name, own), objecttype=ua.NodeId(_VISION_SYSTEM_TYPE, index)
    )
    for path in _UNUSED:
        node = await root.get_child([f"{index}:{part}" for part in path])
        await server.delete_nodes([node], recursive=True)
    machine = await root.get_child(f"{index}:VisionStateMachine")
    events = {
        event: await server.get_event_generator(server.get_node(ua.NodeId(number, index)), root)
        for event, number in _EVENT_TYPES.items()
    }
    return VisionSystem(
        root=root,
        machine=machine,
        automatic=await machine.get_child(f"{index}:AutomaticModeStateMachine"),
        recipes=await root.get_child(f"{index}:RecipeManagement"),
        results=await root.get_child(f"{index}:ResultManagement"),
        events=events,
        index=index,
    )
