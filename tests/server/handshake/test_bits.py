"""Laws of the handshake over bits."""

from hypothesis import given
from hypothesis import strategies as st

from flawflow.decision.verdict_code import Code
from flawflow.server.handshake.bits import BitHandshake, Bits
from flawflow.server.handshake.state import Phase, Result

READY = Bits(enable=True)
BITS = st.builds(Bits, st.booleans(), st.booleans(), st.booleans(), st.booleans())
OK = Result(code=Code.OK)


def test_a_cycle() -> None:
    line = BitHandshake().write(READY)
    assert line.ready
    line = line.write(Bits(enable=True, trigger=True), "part 7")
    assert (line.ready, line.state.phase, line.state.part) == (False, Phase.ACQUIRING, "part 7")
    line = line.write(READY)
    assert not line.ready
    line = BitHandshake(bits=line.bits, state=line.state.finish(1, OK))
    assert not line.ready
    line = line.write(Bits(enable=True, acknowledge=True))
    assert (line.ready, line.state.phase) == (False, Phase.IDLE)
    assert line.write(READY).ready


@given(BITS)
def test_bits_that_were_set_before_the_station_started_are_no_edges(bits: Bits) -> None:
    line = BitHandshake().write(bits)
    assert (line.state.job, line.state.missed, line.state.dropped) == (0, 0, 0)
    assert line.ready == (bits == READY)


@given(st.lists(BITS, max_size=30), st.data())
def test_every_rise_of_the_trigger_is_a_job_or_missed(writes: list[Bits], data: st.DataObject) -> None:
    line, rises = BitHandshake(), 0
    for bits in writes:
        rises += line.bits is not None and bits.trigger and not line.bits.trigger
        was_ready, before = line.ready, line.state
        line = line.write(bits)
        assert line.state.job == before.job or was_ready
        # A result leaves by an acknowledgement or a reset that rises, and by nothing else.
        if before.result is not None and line.state.result is None:
            assert bits.acknowledge or bits.reset
        if line.state.busy and data.draw(st.booleans()):
            line = BitHandshake(bits=line.bits, state=line.state.finish(line.state.job, OK))
    assert rises == line.state.job + line.state.missed


def test_a_trigger_together_with_the_acknowledgement_is_missed() -> None:
    line = BitHandshake().write(READY).write(Bits(enable=True, trigger=True)).write(READY)
    line = BitHandshake(bits=line.bits, state=line.state.finish(1, OK))
    line = line.write(Bits(enable=True, trigger=True, acknowledge=True))
    assert (line.state.phase, line.state.missed) == (Phase.IDLE, 1)


def test_a_trigger_that_takes_the_enable_away_is_missed() -> None:
    line = BitHandshake().write(READY).write(Bits(trigger=True))
    assert (line.state.job, line.state.missed) == (0, 1)
