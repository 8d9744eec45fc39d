"""The handshake over bits that a machine sets and clears, as fieldbuses have them."""

from dataclasses import dataclass, field, replace

from flawflow.server.handshake.state import Handshake


@dataclass(frozen=True)
class Bits:
    """What the machine sets.

    Attributes:
        enable: It wants to trigger.
        trigger: Rising: start a job.
        acknowledge: Rising: the result was read.
        reset: Rising: give up the job or the result.
    """

    enable: bool = False
    trigger: bool = False
    acknowledge: bool = False
    reset: bool = False


@dataclass(frozen=True, kw_only=True)
class BitHandshake:
    """A handshake and the bits as they were last set.

    Before the first write nobody knows how the bits stand: a station that starts again in the middle of a
    cycle must not take a trigger that has been set for long for a new one. So bits that are set in the first
    write are no edges.

    Attributes:
        bits: As they were last set; None before the first write.
        state: The handshake.
    """

    bits: Bits | None = None
    state: Handshake = field(default_factory=Handshake)

    @property
    def ready(self) -> bool:
        """Whether the next rise of the trigger would start a job: all bits of the last cycle are cleared."""
        bits = self.bits
        return bits is not None and self.state.ready and not (bits.trigger or bits.acknowledge or bits.reset)

    def write(self, bits: Bits, part: str = "", recipe: str = "") -> "BitHandshake":
        """Take the bits that the machine has set, all at once.

        The trigger is looked at first: it counts only where readiness was shown before, so that one that
        rises together with the acknowledgement is missed.
        """
        before, state = self.bits or bits, self.state
        if bits.trigger and not before.trigger:
            counts = self.ready and bits.enable
            state = state.trigger(part, recipe) if counts else replace(state, missed=state.missed + 1)
        if bits.acknowledge and not before.acknowledge:
            state = state.acknowledge()
        if bits.reset and not before.reset:
            state = state.reset()
        return BitHandshake(bits=bits, state=state.enable(bits.enable))
