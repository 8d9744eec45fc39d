"""The bets of `flawflow.decision.martingale` once more, by their definition and as slowly as that is."""

import math
from collections.abc import Sequence

BETS = (0.15, 0.3, 0.5, 0.75)


class Oracle:
    """One statistic: known values, and the p-values of all new ones so far."""

    def __init__(self, known: Sequence[float]) -> None:
        self._known = sorted(known)
        self._gaps = [1] * (len(known) + 1)
        self.ranks: list[float] = []

    def add(self, value: float, draw: float, goal: float) -> int | None:
        """Take a value; `draw`, in [0, 1), orders equal ones. Gives the direction at the goal."""
        self.ranks.append(self.rank(value, draw))
        wealth = [self._wealth([rank if side == 0 else 1 - rank for rank in self.ranks]) for side in (0, 1)]
        if sum(wealth) + reserve(len(self.ranks)) < goal:
            return None
        return wealth.index(max(wealth))

    def rank(self, value: float, draw: float) -> float:
        """The share of Pólya's urn that lies below the value: each gap weighs 1 and 1 for each new value."""
        low = sum(known < value for known in self._known)
        high = sum(known <= value for known in self._known)
        total = sum(self._gaps)
        place = sum(self._gaps[:low]) + draw * sum(self._gaps[low : high + 1])
        gap = low
        while gap < high and place >= sum(self._gaps[: gap + 1]):
            gap += 1
        self._gaps[gap] += 1
        return place / total

    @staticmethod
    def _wealth(p_values: Sequence[float]) -> float:
        """What was staked at each step, times what its bets have gained since; an eighth for each bet."""
        return sum(
            (reserve(start) - reserve(start + 1))
            / 8
            * math.prod(bet * max(p, 1e-12) ** (bet - 1) for p in p_values[start:])
            for start in range(len(p_values))
            for bet in BETS
        )


def reserve(steps: int) -> float:
    """What is not staked yet after so many steps."""
    return 1 / (1 + math.log(1 + steps))
