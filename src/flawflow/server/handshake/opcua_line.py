"""A line as a vision system of OPC 40100-1: its methods call the handshake, its states and events follow."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from flawflow.server.handshake.line import Line
from flawflow.server.handshake.opcua_space import STATES, VisionSystem
from flawflow.server.handshake.opcua_values import hash_of, job_id, latest, named, recipe_of, result_values
from flawflow.server.handshake.state import Handshake, Phase
from flawflow.server.models import Model

_PREOPERATIONAL, _HALTED, _OPERATIONAL = "Preoperational", "Halted", "Operational"


class OpcUaLine:
    """The vision system of a line.

    `SelectModeAutomatic` lets triggers in, `StartSingleJob` is the trigger, and `Sync` of the step model of
    SingleExecution, which waits while a result is held out, acknowledges; so does `ReleaseResultHandle`.
    """

    def __init__(self, line: Line, system: VisionSystem, models: Callable[[], Sequence[Model]]) -> None:
        """Link nothing yet; see `start`."""
        self._line, self._system, self._models = line, system, models
        self._mode = _PREOPERATIONAL
        self._recipe = ""
        self._measurement = ""
        self._started = datetime.now(UTC)
        self._moments: asyncio.Queue[Handshake] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self, server: Any) -> None:
        """Link the methods and follow the line."""
        system = self._system
        links: tuple[tuple[Any, tuple[str, ...], Callable[..., Awaitable[list[Any]]]], ...] = (
            (system.machine, ("SelectModeAutomatic",), self._select),
            (system.machine, ("Halt",), self._halt),
            (system.machine, ("Reset",), self._reset),
            (system.automatic, ("StartSingleJob",), self._start_job),
            (system.automatic, ("Abort",), self._abort),
            (system.automatic, ("SingleExecutionStepModel", "Sync"), self._sync),
            (system.recipes, ("PrepareRecipe",), self._prepare),
            (system.recipes, ("GetRecipeListFiltered",), self._list_recipes),
            (system.results, ("GetResultById",), self._get_result),
            (system.results, ("ReleaseResultHandle",), self._release),
        )
        for parent, names, method in links:
            server.link_method(await system.child(parent, *names), _answered(method))
        loop = asyncio.get_running_loop()

        def heard(state: Handshake) -> None:
            loop.call_soon_threadsafe(self._moments.put_nowait, state)

        self._line.listen(heard)
        await self._show(_PREOPERATIONAL, "Initialized", "Entry")
        self._task = asyncio.create_task(self._follow(self._line.state))

    async def _follow(self, before: Handshake) -> None:
        while True:
            state = await self._moments.get()
            if (state.phase, state.ready) != (before.phase, before.ready):
                await self._tell(before, state)
            before = state

    async def _tell(self, before: Handshake, state: Handshake) -> None:
        """Set the variables first, then send the events: who has heard reads what is so."""
        step = {Phase.IDLE: "Entry", Phase.VALID: "Wait"}.get(state.phase, "Step")
        automatic = (
            ("Ready" if state.ready else "Initialized") if state.phase is Phase.IDLE else "SingleExecution"
        )
        await self._show(self._mode, automatic, step)
        if state.phase is Phase.ACQUIRING and before.phase is Phase.IDLE:
            self._started = datetime.now(UTC)
            await self._send("JobStarted", {"JobId": job_id(state)})
        elif state.phase is Phase.INSPECTING:
            await self._send("AcquisitionDone", {"JobId": job_id(state)})
        elif state.phase is Phase.VALID:
            await self._send("ResultReady", result_values(state, self._measurement, self._started))
        elif state.ready:
            await self._send("Ready", {"JobId": job_id(state)})

    async def _show(self, mode: str, automatic: str, step: str) -> None:
        system = self._system
        model = await system.child(system.automatic, "SingleExecutionStepModel")
        for machine, name in ((system.machine, mode), (system.automatic, automatic), (model, step)):
            await _set_state(await system.child(machine, "0:CurrentState"), system.index, name)

    async def _send(self, name: str, values: dict[str, Any]) -> None:
        from asyncua import ua

        generator = self._system.events[name]
        for key, value in values.items():
            setattr(generator.event, key, value)
            # What the specification leaves open, or derives from a structure, has no type yet.
            if generator.event.data_types[key] is ua.VariantType.Null:
                generator.event.data_types[key] = ua.Variant(value).VariantType
        await generator.trigger(message=f"{name} of {self._line.name}")

    async def _mode_is(self, mode: str) -> list[Any]:
        """Change the mode; what is in work is given up where it is not operational."""
        self._mode = mode
        is_operational = mode == _OPERATIONAL
        if is_operational:
            self._line.apply(lambda state: state.enable(True))
        else:
            self._line.apply(lambda state: state.enable(False).reset())
            await self._show(mode, "Initialized", "Entry")
        return [0]

    async def _select(self) -> list[Any]:
        if self._mode == _HALTED:
            raise WrongStateError
        return await self._mode_is(_OPERATIONAL)

    async def _halt(self, *_: Any) -> list[Any]:
        return await self._mode_is(_HALTED)

    async def _reset(self, *_: Any) -> list[Any]:
        return await self._mode_is(_PREOPERATIONAL)

    async def _start_job(self, measurement: Any, part: Any, recipe: Any, *_: Any) -> list[Any]:
        wanted = self._checked(recipe) or self._recipe
        before = self._line.state.job
        # Set before the job can end; a missed trigger changes nothing.
        if self._line.state.ready:
            self._measurement = named(measurement)
        state = self._line.apply(lambda state: state.trigger(named(part), wanted))
        if state.job == before:
            raise WrongStateError
        return [job_id(state), 0]

    async def _abort(self, *_: Any) -> list[Any]:
        if self._line.state.phase is Phase.IDLE:
            raise WrongStateError
        self._line.apply(lambda state: state.reset())
        return [0]

    async def _sync(self, *_: Any) -> list[Any]:
        return self._acknowledged(self._line.state.job)

    async def _release(self, handle: Any) -> list[Any]:
        return self._acknowledged(int(handle))

    def _acknowledged(self, job: int) -> list[Any]:
        state = self._line.state
        if state.phase is not Phase.VALID or state.job != job:
            raise WrongStateError
        self._line.apply(lambda state: state.acknowledge() if state.job == job else state)
        return [0]

    async def _prepare(self, external: Any, _internal: Any) -> list[Any]:
        self._recipe = self._checked(external)
        return [external, True, 0]

    async def _list_recipes(self, *_: Any) -> list[Any]:
        recipes = [recipe_of(model) for model in self._models()]
        return [True, len(recipes), 0, recipes, 0]

    async def _get_result(self, wanted: Any, _timeout: Any) -> list[Any]:
        state = self._line.state
        if state.phase is not Phase.VALID or named(wanted) not in ("", str(state.job)):
            raise UnknownError
        return [state.job, latest(state, self._measurement, self._started), 0]

    def _checked(self, recipe: Any) -> str:
        """Give the name of the model that is asked for; one whose hash is another is refused."""
        name, sha256 = named(recipe), hash_of(recipe)
        if not name:
            return ""
        model = next((model for model in self._models() if model.name == name), None)
        if model is None or sha256 not in ("", model.sha256):
            raise UnknownError
        return name


class WrongStateError(Exception):
    """A method that cannot be called now."""


class UnknownError(Exception):
    """There is no such recipe or result, or it has changed."""


def _answered(method: Callable[..., Awaitable[list[Any]]]) -> Callable[..., Awaitable[Any]]:
    """A method as the server calls it: with variants, the node of its object first."""
    from asyncua import ua

    async def answer(_parent: Any, *arguments: Any) -> Any:
        try:
            found = await method(*(argument.Value for argument in arguments))
        except WrongStateError:
            return ua.StatusCode(ua.StatusCodes.BadInvalidState)
        except UnknownError:
            return ua.StatusCode(ua.StatusCodes.BadNotFound)
        return [_variant(value) for value in found]

    return answer


def _variant(value: Any) -> Any:
    from asyncua import ua

    if isinstance(value, bool) or not isinstance(value, int):
        return ua.Variant(value)
    return ua.Variant(value, ua.VariantType.Int32)


async def _set_state(node: Any, index: int, name: str) -> None:
    from asyncua import ua

    await (await node.get_child("0:Id")).write_value(ua.NodeId(STATES[name], index))
    await node.write_value(ua.LocalizedText(name))
