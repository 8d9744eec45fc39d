"""Laws of the handshake, whatever a machine does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flawflow.decision.verdict_code import Code, code_of
from flawflow.server.handshake.state import (
    LARGEST_JOB,
    Handshake,
    Phase,
    Problem,
    Result,
    failed,
)

RESULTS = st.one_of(
    st.builds(Result, code=st.sampled_from([Code.OK, Code.REVIEW, Code.NG])),
    st.builds(failed, st.sampled_from(sorted(set(Problem) - {Problem.NONE})), st.just("because")),
)


class AnyMachine(RuleBasedStateMachine):
    """Does whatever it likes, and counts by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.state = Handshake()
        self.triggers = self.started = self.given_up = 0
        self.held: Result | None = None

    @rule(wanted=st.booleans())
    def enable(self, wanted: bool) -> None:
        self.state = self.state.enable(wanted)

    @rule(part=st.text(max_size=3))
    def trigger(self, part: str) -> None:
        was_ready = self.state.ready
        self.state = self.state.trigger(part)
        self.triggers += 1
        if was_ready:
            self.started += 1
            assert (self.state.part, self.state.phase) == (part, Phase.ACQUIRING)

    @rule(late=st.integers(0, 2))
    def acquired(self, late: int) -> None:
        self.state = self.state.acquired(self.state.job - late)

    @rule(late=st.integers(0, 2), result=RESULTS)
    def finish(self, late: int, result: Result) -> None:
        before = self.state
        self.state = before.finish(before.job - late, result)
        if before.busy and not late:
            assert self.held is None
            self.held = result
        else:
            assert self.state == before

    @rule()
    def acknowledge(self) -> None:
        before = self.state
        self.state = before.acknowledge()
        if before.phase is Phase.VALID:
            self.held = None
        else:
            assert self.state == before

    @rule()
    def reset(self) -> None:
        self.given_up += self.state.phase is not Phase.IDLE
        self.state = self.state.reset()
        self.held = None

    @invariant()
    def a_result_stays_until_it_is_acknowledged_or_given_up(self) -> None:
        assert self.state.result == self.held
        assert (self.state.phase is Phase.VALID) == (self.held is not None)

    @invariant()
    def no_trigger_is_lost(self) -> None:
        assert self.triggers == self.started + self.state.missed
        assert (self.state.job, self.state.dropped) == (self.started, self.given_up)

    @invariant()
    def ready_busy_and_valid_exclude_each_other(self) -> None:
        assert self.state.ready + self.state.busy + (self.state.phase is Phase.VALID) <= 1

    @invariant()
    def a_failure_is_never_ok(self) -> None:
        if self.held is not None and self.held.problem is not Problem.NONE:
            assert self.state.code is Code.FAILED
        if self.held is None:
            assert self.state.code is Code.NONE


TestAnyMachine = AnyMachine.TestCase
TestAnyMachine.settings = settings(max_examples=60, deadline=None)


@given(st.sampled_from(list(Code)), st.sampled_from(list(Problem)))
def test_a_result_is_a_verdict_or_a_failure(code: Code, problem: Problem) -> None:
    makes_sense = (
        problem is not Problem.NONE
        if code is Code.FAILED
        else code is not Code.NONE and problem is Problem.NONE
    )
    if makes_sense:
        assert Result(code=code, problem=problem).code is code
    else:
        with pytest.raises(ValueError, match="no result"):
            Result(code=code, problem=problem)


def test_codes_are_those_of_the_map() -> None:
    assert {verdict: int(code_of(verdict)) for verdict in ("OK", "REVIEW", "NG")} == {
        "OK": 1,
        "REVIEW": 2,
        "NG": 3,
    }
    assert (int(Code.NONE), int(Code.FAILED)) == (0, 4)


def test_jobs_are_numbered_on_from_one_after_the_largest() -> None:
    state = Handshake(enabled=True, job=LARGEST_JOB).trigger()
    assert state.job == 1
