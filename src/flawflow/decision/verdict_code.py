"""Verdicts as numbers, for machines that read no words: the same in every protocol."""

import enum

from flawflow.decision.calibration import Verdict


class Code(enum.IntEnum):
    """What a machine reads as the result; a machine that knows only 1 as good is right."""

    NONE = 0
    OK = 1
    REVIEW = 2
    NG = 3
    FAILED = 4


_CODES: dict[Verdict, Code] = {"OK": Code.OK, "REVIEW": Code.REVIEW, "NG": Code.NG}


def code_of(verdict: Verdict) -> Code:
    """Give the code of a verdict.

    >>> code_of("REVIEW")
    <Code.REVIEW: 2>
    """
    return _CODES[verdict]
