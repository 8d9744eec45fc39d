from pathlib import Path
from typing import get_args

import click
import pytest

from flawflow.cli import inspect, serve, watch
from flawflow.errors import SinkError
from flawflow.model_file.card import Card
from flawflow.results.sink_kinds import Verb, kinds
from flawflow.results.sinks import open_sink
from flawflow.results.sinks.contract import Setting, Sink

ADDRESSES = {
    "webhook=URL": "webhook=http://127.0.0.1:9/",
    "mqtt=URL": "mqtt=mqtt://127.0.0.1/topic",
    "sparkplug=URL": "sparkplug=mqtt://127.0.0.1/group/node",
}


@pytest.mark.parametrize("verb", get_args(Verb))
def test_every_kind_opens_writes_nothing_and_closes(verb: Verb, tmp_path: Path, card: Card):
    setting = Setting(verb=verb, output=tmp_path, card=card)
    names = []
    for kind in kinds(verb):
        sink = open_sink(ADDRESSES.get(kind, kind), setting)
        assert isinstance(sink, Sink)
        sink.close()
        names.append(sink.name)
    assert len(set(names)) == len(names)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("verb", "text"),
    [("watch", "parquet"), ("watch", "report"), ("serve", "folder"), ("inspect", "webhook"),
     ("inspect", "csv=x"), ("inspect", "fax"), ("inspect", "")],
)  # fmt: skip
def test_what_there_is_not_is_refused_with_what_there_is(verb: Verb, text: str, tmp_path: Path, card: Card):
    with pytest.raises(SinkError, match=r"choose of jsonl, csv, .*mqtt=URL"):
        open_sink(text, Setting(verb=verb, output=tmp_path, card=card))


@pytest.mark.parametrize(
    ("verb", "command"),
    [("inspect", inspect.command), ("watch", watch.command), ("serve", serve.command)],
)
def test_the_help_names_every_kind(verb: Verb, command: click.Command):
    (option,) = [each for each in command.params if "--to" in each.opts]
    assert isinstance(option, click.Option)
    assert option.help is not None
    for kind in kinds(verb):
        assert kind in option.help
