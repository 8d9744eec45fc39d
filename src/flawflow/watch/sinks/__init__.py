"""Where records go: files of lines, folders by verdict, a webhook, a broker of MQTT."""

from pathlib import Path

from flawflow.errors import WatchError
from flawflow.watch.courier import Sink
from flawflow.watch.sinks.lines import CsvLines, JsonLines
from flawflow.watch.sinks.place import Place, Placer

KINDS = ("jsonl", "csv", "folder", "webhook=URL", "mqtt=URL")


def open_sink(text: str, *, folder: Path, output: Path, place: Place) -> Sink:
    """Open the sink that a text names: one of `KINDS`.

    Args:
        text: A kind, and behind `=` the address of those that have one.
        folder: The watched folder.
        output: Where files are written.
        place: How pictures get into the folders of their verdicts.

    Raises:
        WatchError: There is no such kind, the address is none, or what it needs is not installed.
    """
    kind, _, address = text.partition("=")
    if kind == "webhook" and address:
        from flawflow.watch.sinks.webhook import Webhook

        return Webhook(address)
    if kind == "mqtt" and address:
        from flawflow.watch.sinks.mqtt import Mqtt

        return Mqtt(address)
    if text == "folder":
        return Placer(folder, output, place)
    if text in ("jsonl", "csv"):
        return JsonLines(output) if text == "jsonl" else CsvLines(output)
    raise WatchError(f"verdicts cannot go to {text!r}: choose of {', '.join(KINDS)}")
