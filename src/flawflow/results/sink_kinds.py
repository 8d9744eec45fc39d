"""Which kinds of sinks there are, and who delivers to them; light, so that a command's help may ask.

A new sink is a file in `flawflow.results.sinks` and a line here.
"""

from dataclasses import dataclass
from typing import Literal

Verb = Literal["inspect", "watch", "serve"]


@dataclass(frozen=True)
class Kind:
    """One kind of sink.

    Attributes:
        module: Its file in `flawflow.results.sinks`.
        opener: The function there that opens it: takes a `Setting` and the address.
        verbs: Who delivers to it.
        has_address: Whether it is named with an address behind `=`.
    """

    module: str
    opener: str
    verbs: tuple[Verb, ...]
    has_address: bool = False


# A station keeps and shows its pictures itself; a Parquet file and a page are of something that ends, and who
# speaks Sparkplug stays.
KINDS: dict[str, Kind] = {
    "jsonl": Kind("lines", "open_jsonl", ("inspect", "watch", "serve")),
    "csv": Kind("lines", "open_csv", ("inspect", "watch", "serve")),
    "parquet": Kind("parquet", "open_parquet", ("inspect",)),
    "overlays": Kind("overlays", "open_overlays", ("inspect", "watch")),
    "report": Kind("report", "open_report", ("inspect",)),
    "folder": Kind("folder", "open_folder", ("inspect", "watch")),
    "webhook": Kind("webhook", "open_webhook", ("inspect", "watch", "serve"), has_address=True),
    "mqtt": Kind("mqtt", "open_mqtt", ("inspect", "watch", "serve"), has_address=True),
    "sparkplug": Kind("sparkplug", "open_sparkplug", ("watch", "serve"), has_address=True),
}


def kinds(verb: Verb) -> tuple[str, ...]:
    """Give what may be named for a verb.

    >>> kinds("serve")
    ('jsonl', 'csv', 'webhook=URL', 'mqtt=URL', 'sparkplug=URL')
    """
    return tuple(
        f"{name}=URL" if kind.has_address else name for name, kind in KINDS.items() if verb in kind.verbs
    )
