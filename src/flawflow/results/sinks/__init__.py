"""Where results go: one file a sink; `flawflow.results.sink_kinds` lists them."""

import importlib

from flawflow.errors import SinkError
from flawflow.results.sink_kinds import KINDS, kinds
from flawflow.results.sinks.contract import Setting, Sink


def open_sink(text: str, setting: Setting) -> Sink:
    """Open the sink that a text names: one of `kinds`. Nothing is written yet.

    Args:
        text: A kind, and behind `=` the address of those that have one.
        setting: What it is opened with.

    Raises:
        SinkError: There is no such kind here, the address is none, or what it needs is not installed.
    """
    name, _, address = text.partition("=")
    kind = KINDS.get(name)
    if kind is None or setting.verb not in kind.verbs or bool(address) != kind.has_address:
        raise SinkError(f"results cannot go to {text!r}: choose of {', '.join(kinds(setting.verb))}")
    module = importlib.import_module(f"{__name__}.{kind.module}")
    sink: Sink = getattr(module, kind.opener)(setting, address)
    return sink
