"""Where results go. A new kind of sink is a file in this folder and a line in `_KINDS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from flawflow.card import Card
from flawflow.errors import SinkError
from flawflow.files import beside
from flawflow.results.sinks.contract import Result, Sink
from flawflow.results.sinks.folder import Place

Verb = Literal["inspect", "watch", "serve"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What sinks are opened with.

    Attributes:
        verb: Who delivers: one inspection, or something that never ends.
        output: Where files are written.
        pictures: The folder that holds the pictures.
        place: How pictures get into the folders of their verdicts.
        model: The model's name.
        card: The model's card; None where nothing is drawn.
        overlay_names: Where the overlay of each picture of an inspection goes, below `overlays`.
    """

    verb: Verb
    output: Path
    pictures: Path = Path()
    place: Place = "copy"
    model: str = ""
    card: Card | None = None
    overlay_names: Mapping[Path, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Kind:
    open: Callable[[Setting, str], Sink]
    verbs: tuple[Verb, ...]
    address: bool = False


def open_sink(text: str, setting: Setting) -> Sink:
    """Open the sink that a text names: one of `kinds`.

    Args:
        text: A kind, and behind `=` the address of those that have one.
        setting: What it is opened with.

    Raises:
        SinkError: There is no such kind here, the address is none, or what it needs is not installed.
    """
    name, _, address = text.partition("=")
    kind = _KINDS.get(name)
    if kind is None or setting.verb not in kind.verbs or bool(address) != kind.address:
        raise SinkError(f"results cannot go to {text!r}: choose of {', '.join(kinds(setting.verb))}")
    return kind.open(setting, address)


def kinds(verb: Verb) -> tuple[str, ...]:
    """What `open_sink` takes for a verb.

    >>> kinds("serve")
    ('jsonl', 'csv', 'webhook=URL', 'mqtt=URL')
    """
    return tuple(
        f"{name}=URL" if kind.address else name for name, kind in _KINDS.items() if verb in kind.verbs
    )


def _jsonl(setting: Setting, _address: str) -> Sink:
    from flawflow.results.lines import JSON_LINES
    from flawflow.results.sinks.lines import DatedLines, ListFile

    return (ListFile if setting.verb == "inspect" else DatedLines)(JSON_LINES, setting.output)


def _csv(setting: Setting, _address: str) -> Sink:
    from flawflow.results.lines import CSV
    from flawflow.results.sinks.lines import DatedLines, ListFile

    return (ListFile if setting.verb == "inspect" else DatedLines)(CSV, setting.output)


def _parquet(setting: Setting, _address: str) -> Sink:
    from flawflow.results.sinks.parquet import ParquetFile

    return ParquetFile(setting.output)


def _overlays(setting: Setting, _address: str) -> Sink:
    from flawflow.results.sinks.overlays import Overlays

    assert setting.card is not None
    return Overlays(
        setting.output, scale=setting.card.heat_scale, name_of=lambda result: _name(setting, result)
    )


def _name(setting: Setting, result: Result) -> str:
    """Where a picture's overlay goes; the name of one that is watched tells its content, which may change."""
    path = None if result.inspection is None else result.inspection.path
    if path is not None and path in setting.overlay_names:
        return setting.overlay_names[path]
    file, digest = Path(result.file or "picture"), result.record.sha256 or ""
    return beside(file.with_suffix(""), f"_{digest[:12]}.jpg").as_posix()


def _report(setting: Setting, _address: str) -> Sink:
    from flawflow.results.sinks.report import Report

    assert setting.card is not None
    return Report(setting.output, model=setting.model, card=setting.card)


def _folder(setting: Setting, _address: str) -> Sink:
    from flawflow.results.sinks.folder import VerdictFolders

    return VerdictFolders(setting.pictures, setting.output, setting.place)


def _webhook(_setting: Setting, address: str) -> Sink:
    from flawflow.results.sinks.webhook import Webhook

    return Webhook(address)


def _mqtt(_setting: Setting, address: str) -> Sink:
    from flawflow.results.sinks.mqtt import Mqtt

    return Mqtt(address)


# A station keeps and shows its pictures itself; a Parquet file and a page are of something that ends.
_KINDS: dict[str, _Kind] = {
    "jsonl": _Kind(_jsonl, ("inspect", "watch", "serve")),
    "csv": _Kind(_csv, ("inspect", "watch", "serve")),
    "parquet": _Kind(_parquet, ("inspect",)),
    "overlays": _Kind(_overlays, ("inspect", "watch")),
    "report": _Kind(_report, ("inspect",)),
    "folder": _Kind(_folder, ("inspect", "watch")),
    "webhook": _Kind(_webhook, ("inspect", "watch", "serve"), address=True),
    "mqtt": _Kind(_mqtt, ("inspect", "watch", "serve"), address=True),
}
