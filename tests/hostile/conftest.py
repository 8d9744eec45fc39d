"""What the hostile tests share: a seed, a count, a watchdog and what counts as one sentence.

FLAWFLOW_FUZZ=10000 mutates more pictures than the usual 400; FLAWFLOW_FUZZ_SEED=N mutates others.
"""

import faulthandler
import os
import random
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from flawflow.cli import main

_HANG_SECONDS = 600


@pytest.fixture(scope="session")
def fuzz_count() -> int:
    return int(os.environ.get("FLAWFLOW_FUZZ", "400"))


@pytest.fixture(scope="session")
def fuzz_seed() -> int:
    return int(os.environ.get("FLAWFLOW_FUZZ_SEED", "2021"))


@pytest.fixture
def dice(fuzz_seed: int) -> random.Random:
    return random.Random(fuzz_seed)


@pytest.fixture(autouse=True)
def watchdog() -> Iterator[None]:
    """End the run with a traceback where a decoder, even one in C, never comes back."""
    faulthandler.dump_traceback_later(_HANG_SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def is_sentence():
    """Assert that a message is one line for people, not what a program says to itself."""

    def check(message: object) -> None:
        text = str(message)
        assert text.strip(), "an empty message"
        assert text.isprintable(), repr(text)
        assert "Traceback" not in text
        assert len(text) < 10_000, f"{len(text)} characters: {text[:300]}"

    return check


@pytest.fixture
def flawflow():
    """Run the command line in this process; warnings are errors, as in every test."""

    def run(*arguments):
        return CliRunner().invoke(main, [os.fspath(argument) for argument in arguments])

    return run
