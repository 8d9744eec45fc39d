"""A station and a machine's program, by OPC UA. One server for all: its address space takes seconds."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asyncua", reason="the extra opcua is not installed")

from asyncua import Client, ua
from starlette.testclient import TestClient

from flawflow.errors import FlawflowError
from flawflow.model_file import write_model
from flawflow.model_file.card import Card
from flawflow.server.app import create_app
from flawflow.server.settings import Settings

pytestmark = pytest.mark.slow


@dataclass
class Line:
    """A station's one line, with the folder of its camera."""

    port: int
    folder: Path
    http: TestClient
    sha256: str
    picture: Callable[..., bytes]

    def shoot(self, name: str, *, spot: bool = False) -> None:
        hidden = self.folder / f".{name}"
        hidden.write_bytes(self.picture(spot=spot))
        hidden.rename(self.folder / name)

    def run(self, program: "Callable[[Machine], Awaitable[None]]") -> None:
        async def connected() -> None:
            async with Client(f"opc.tcp://127.0.0.1:{self.port}/flawflow/", timeout=20) as client:
                machine = await Machine.of(client)
                await machine.start()
                await program(machine)

        asyncio.run(asyncio.wait_for(connected(), 60))


class Machine:
    """What a program of a machine does with a vision system."""

    def __init__(self, client: Client, index: int, root: Any) -> None:
        self.client, self.index, self.root = client, index, root
        self.events: asyncio.Queue[Any] = asyncio.Queue()

    @classmethod
    async def of(cls, client: Client) -> "Machine":
        await client.load_data_type_definitions()
        index = await client.get_namespace_index("http://opcfoundation.org/UA/MachineVision")
        own = await client.get_namespace_index("urn:flawflow:station")
        machine = cls(client, index, client.get_node(ua.NodeId("gears", own)))
        subscription = await client.create_subscription(10, machine)
        types = [client.get_node(ua.NodeId(number, index)) for number in (1013, 1023, 1024, 1025)]
        await subscription.subscribe_events(machine.root, types)
        return machine

    async def event_notification(self, event: Any) -> None:
        self.events.put_nowait(event)

    async def until(self, name: str) -> Any:
        while True:
            event = await asyncio.wait_for(self.events.get(), 20)
            if event.Message.Text.startswith(f"{name} of"):
                return event

    async def node(self, *names: str) -> Any:
        return await self.root.get_child([n if ":" in n else f"{self.index}:{n}" for n in names])

    async def call(self, *names: str, arguments: tuple[Any, ...] = ()) -> Any:
        parent = await self.node(*names[:-1])
        return await parent.call_method(f"{self.index}:{names[-1]}", *arguments)

    async def state(self, *names: str) -> str:
        node = await self.node("VisionStateMachine", *names, "0:CurrentState")
        return (await node.read_value()).Text

    async def start(self) -> None:
        """As a machine does: whatever stands is given up first."""
        await self.call("VisionStateMachine", "Reset", arguments=(0,))
        await self.call("VisionStateMachine", "SelectModeAutomatic")
        await self.until("Ready")

    async def job(self, part: str, recipe: str = "", sha256: str = "") -> Any:
        arguments = (
            ua.MeasIdDataType(Id="m1"),
            ua.PartIdDataType(Id=part),
            ua.RecipeIdExternalDataType(Id=recipe, Hash=bytes.fromhex(sha256)),
            ua.ProductIdDataType(Id=""),
            ua.Variant([], ua.VariantType.Variant, is_array=True),
        )
        path = ("VisionStateMachine", "AutomaticModeStateMachine", "StartSingleJob")
        return await self.call(*path, arguments=arguments)

    async def sync(self) -> None:
        path = ("VisionStateMachine", "AutomaticModeStateMachine", "SingleExecutionStepModel", "Sync")
        await self.call(*path, arguments=(0,))


@pytest.fixture(scope="module")
def line(
    tmp_path_factory: pytest.TempPathFactory,
    make_png: Callable[..., bytes],
    tiny_graph: bytes,
    tiny_card: Card,
) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("opcua")
    camera = folder / "camera"
    camera.mkdir()
    model = folder / "tiny.flaw"
    write_model(model, tiny_graph, tiny_card)
    settings = Settings(
        models=(model,),
        data=folder / "data",
        lines=(f"gears={camera}",),
        opcua="127.0.0.1:0",
        image_seconds=1.0,
    )
    with TestClient(
        create_app(settings), base_url="http://127.0.0.1:8470", client=("127.0.0.1", 50000)
    ) as http:
        port = http.get("/api/machine").json()["ports"]["opcua"]
        (found,) = http.get("/api/models").json()
        yield Line(port, camera, http, found["sha256"], make_png)


def test_parts_in_a_row(line: Line) -> None:
    async def program(machine: Machine) -> None:
        for name, spot, verdict in (("a", False, "OK"), ("b", True, "NG")):
            assert await machine.state("AutomaticModeStateMachine") == "Ready"
            job, error = await machine.job(f"part {name}")
            assert error == 0
            assert (await machine.until("JobStarted")).JobId == job
            line.shoot(f"{name}.png", spot=spot)
            await machine.until("AcquisitionDone")
            result = await machine.until("ResultReady")
            assert (result.JobId, result.PartId.Id, result.MeasId.Id) == (job, f"part {name}", "m1")
            content = [part.Value for part in result.ResultContent]
            assert content[:4] == [1, 1 if verdict == "OK" else 3, verdict, 0]
            record = line.http.get(f"/api/inspections/{content[7]}").json()
            assert (record["path"], record["score"]) == (f"part {name}", content[5])
            assert await machine.state("AutomaticModeStateMachine") == "SingleExecution"
            await machine.sync()
            await machine.until("Ready")

    line.run(program)


def test_a_second_job_is_refused_and_counted(line: Line) -> None:
    missed = line.http.get("/api/machine").json()["lines"][0]["missed"]

    async def program(machine: Machine) -> None:
        await machine.job("first")
        with pytest.raises(ua.UaStatusCodeError, match="BadInvalidState"):
            await machine.job("second")
        line.shoot("first.png", spot=True)
        result = await machine.until("ResultReady")
        assert result.PartId.Id == "first"
        # Withheld: the result stays, and no other job starts.
        with pytest.raises(ua.UaStatusCodeError, match="BadInvalidState"):
            await machine.job("third")

    line.run(program)
    assert line.http.get("/api/machine").json()["lines"][0]["missed"] == missed + 2


def test_a_connection_that_is_cut_finds_its_result_again(line: Line) -> None:
    numbers = []

    async def cut(machine: Machine) -> None:
        job, _ = await machine.job("part 1")
        numbers.append(job.Id)
        line.shoot("cut.png", spot=True)

    async def again() -> None:
        async with Client(f"opc.tcp://127.0.0.1:{line.port}/flawflow/", timeout=20) as client:
            machine = await Machine.of(client)
            for _ in range(200):
                if await machine.state("AutomaticModeStateMachine", "SingleExecutionStepModel") == "Wait":
                    break
                await asyncio.sleep(0.02)
            wanted = ua.ResultIdDataType(numbers[0])
            handle, result, error = await machine.call(
                "ResultManagement", "GetResultById", arguments=(wanted, 0)
            )
            assert (result.PartId.Id, result.ResultContent[2].Value, error) == ("part 1", "NG", 0)
            await machine.call("ResultManagement", "ReleaseResultHandle", arguments=(handle,))
            await machine.until("Ready")

    line.run(cut)
    asyncio.run(asyncio.wait_for(again(), 60))


def test_no_image_is_a_failure_and_never_ok(line: Line) -> None:
    async def program(machine: Machine) -> None:
        await machine.job("nothing")
        result = await machine.until("ResultReady")
        assert [part.Value for part in result.ResultContent][1:4] == [4, "FAILED", 1]
        assert result.ResultState == 4

    line.run(program)


def test_recipes_are_models_by_their_hash(line: Line) -> None:
    async def program(machine: Machine) -> None:
        nothing = ua.RecipeIdExternalDataType(Id="")
        arguments = (nothing, ua.ProductIdDataType(Id=""), 2, 10, 0, 0)
        _, count, _, recipes, _ = await machine.call(
            "RecipeManagement", "GetRecipeListFiltered", arguments=arguments
        )
        assert (count, recipes[0].Id, recipes[0].Hash.hex()) == (1, "tiny", line.sha256)
        with pytest.raises(ua.UaStatusCodeError, match="BadNotFound"):
            await machine.job("part", "tiny", "00" * 32)
        with pytest.raises(ua.UaStatusCodeError, match="BadNotFound"):
            await machine.job("part", "other")
        await machine.job("part", "tiny", line.sha256)
        line.shoot("recipe.png")
        used = (await machine.until("ResultReady")).InternalRecipeId
        assert (used.Id, used.Hash.hex()) == ("tiny", line.sha256)

    line.run(program)


def test_modes(line: Line) -> None:
    async def program(machine: Machine) -> None:
        assert await machine.state() == "Operational"
        await machine.job("given up")
        path = ("VisionStateMachine", "AutomaticModeStateMachine", "Abort")
        await machine.call(*path, arguments=(0,))
        await machine.until("Ready")
        await machine.call("VisionStateMachine", "Halt", arguments=(0,))
        assert await machine.state() == "Halted"
        for method in (machine.job("no"), machine.call("VisionStateMachine", "SelectModeAutomatic")):
            with pytest.raises(ua.UaStatusCodeError, match="BadInvalidState"):
                await method

    line.run(program)


def test_a_line_has_one_machine(line: Line, tmp_path: Path, tiny_model: Path) -> None:
    both = Settings(
        models=(tiny_model,),
        data=tmp_path / "data",
        lines=(str(line.folder),),
        opcua="127.0.0.1:0",
        modbus="127.0.0.1:0",
    )
    with pytest.raises(FlawflowError, match="one machine"):
        create_app(both)
