"""The settings of a station."""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from flawflow.errors import FlawflowError
from flawflow.server.security.hosts import check_hosts, check_networks
from flawflow.server.shift import shift_starts

KeepPictures = Literal["all", "ng", "none"]
"""Which pictures stay: all, those that are NG or REVIEW, or none."""

Take = Literal["next", "newest"]
"""Which image a machine's trigger takes: one that comes after it, or the newest that no trigger has had,
if that is not older than a second."""

DEFAULT_PORT = 8470

_MIN_TOKEN_CHARACTERS = 16


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The station's settings; every limit has a value that suits one line.

    Attributes:
        models: The `.flaw` files; a model's name is its file's name without the ending. Those in the folder
            `models` of `data` are the station's, too; a station without any begins by learning one.
        data: The folder of everything that the station writes.
        host: The address to listen on; another than loopback needs a token.
        port: The TCP port; 0 takes a free one.
        token: What a client must show; None for nothing.
        sign_in: Whether people must sign in by name; without it they must once one was added.
        login_hours: How long a person's login lasts.
        proxies: Networks of the proxies whose header with a person's name is believed.
        user_header: The header in which they name a person who has signed in there; None for none.
        group_header: The one in which they name this person's groups; `flawflow-ROLE` gives a role.
        certificate: PEM file of the certificate to speak TLS with; None for plain HTTP.
        key: PEM file of its private key.
        allow: Folders whose pictures may be named by path, and which may be watched; a share that is mounted
            later may be among them.
        allow_streams: Hosts (`camera7`, `192.168.1.20:554`) whose streams may be sources.
        to: Where records go besides: jsonl, csv, webhook=URL, mqtt=URL or sparkplug=URL.
        database: SQLAlchemy URL; None for SQLite in the data folder.
        keep_pictures: Which pictures stay. Maps stay in any case.
        keep_days: After how many days pictures and maps go, unless labelled good or bad; None for never.
            The records stay.
        max_picture_bytes: The largest file, in bytes.
        max_pixels: The largest picture, in pixels.
        max_files: The most pictures of one request.
        max_waiting: The most pictures that may wait or be in work.
        max_waiting_bytes: The most bytes that they may have together.
        rate: Requests a second of one client address, on average; bursts may be twice as many.
        max_draft_pictures: The most pictures of a product that is being learned.
        max_draft_bytes: The most bytes that they may have together.
        max_connections: The most connections at a time; fewer where the system allows fewer.
        max_connections_of_one: The most of one client address.
        trained_on: Model names, each with the good pictures that it was trained on (what `flawflow train`
            takes): new data sets hold them too.
        lines: Where the images of a machine's triggers come from, each `NAME=SOURCE` or a source: a folder, a
            camera or a stream.
        modbus: `host:port` to serve the lines at by Modbus TCP; None for not.
        opcua: The same by OPC UA; one of the two.
        take: Which image a trigger takes.
        image_seconds: How long a trigger waits for its image.
        shifts: When shifts begin, in local time, as HH:MM at quarters of an hour.
        reports: The folder for the report of each shift; None for none.
        report_days: After how many days reports go; None for never.
        engine: What runs the models: onnxruntime or openvino, perhaps with a device as `openvino:GPU`.
        replica: Whether other replicas work in the same database: no file is of this one alone.
        workers: Pictures that are inspected at a time; None for one a core.

    Raises:
        FlawflowError: When the settings are unsafe or contradict each other.
    """

    models: tuple[Path, ...] = ()
    data: Path = Path("station")
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    token: str | None = field(default=None, repr=False)
    sign_in: bool = False
    login_hours: float = 12.0
    proxies: tuple[str, ...] = ()
    user_header: str | None = None
    group_header: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    allow: tuple[Path, ...] = ()
    allow_streams: tuple[str, ...] = ()
    to: tuple[str, ...] = field(default=(), repr=False)
    database: str | None = field(default=None, repr=False)
    keep_pictures: KeepPictures = "all"
    keep_days: int | None = 90
    max_picture_bytes: int = 64 * 2**20
    max_pixels: int = 50_000_000
    max_files: int = 64
    max_waiting: int = 64
    max_waiting_bytes: int = 256 * 2**20
    max_draft_pictures: int = 5000
    max_draft_bytes: int = 8 * 2**30
    rate: float = 500.0
    max_connections: int = 1024
    max_connections_of_one: int = 128
    trained_on: tuple[tuple[str, Path], ...] = ()
    lines: tuple[str, ...] = ()
    modbus: str | None = None
    opcua: str | None = None
    take: Take = "next"
    image_seconds: float = 5.0
    shifts: tuple[str, ...] = ("06:00", "14:00", "22:00")
    reports: Path | None = None
    report_days: int | None = 90
    engine: str = "onnxruntime"
    replica: bool = False
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.token is None and not self.asks_names and not is_loopback(self.host):
            raise FlawflowError(
                f"{self.host} can be reached from other computers: set a token with --token (or the variable "
                "FLAWFLOW_TOKEN), let people sign in with --sign-in, or listen on 127.0.0.1"
            )
        if (self.user_header is None) == bool(self.proxies) or (self.group_header and not self.user_header):
            raise FlawflowError(
                "signing in at a proxy takes its network and the header with the person's name: give both "
                "--proxy and --user-header"
            )
        check_networks(self.proxies)
        shift_starts(self.shifts)
        if self.token is not None and not (len(self.token) >= _MIN_TOKEN_CHARACTERS and self.token.isascii()):
            raise FlawflowError(
                f"the token must have {_MIN_TOKEN_CHARACTERS} or more ASCII characters: make one with "
                "python -c 'import secrets; print(secrets.token_urlsafe())'"
            )
        if (self.certificate is None) != (self.key is None):
            raise FlawflowError("TLS needs a certificate and its key: give both --certificate and --key")
        check_hosts(self.allow_streams)
        self._check_replica()
        for name, place in self.trained_on:
            if name not in {model.stem for model in self.models}:
                raise FlawflowError(
                    f"{name}={place}: name a model of this station and the data that it was trained on"
                )
        for folder in self.allow:
            if os.path.isfile(folder):  # noqa: PTH113  # Path.is_file raises where a share does not answer
                raise FlawflowError(f"{folder} is not a folder: give folders of pictures with --allow")
        # By their real paths once and for all: whoever replaces one by a link later opens nothing else.
        object.__setattr__(self, "allow", tuple(folder.resolve() for folder in self.allow))

    def _check_replica(self) -> None:
        """Refuse for a replica what would be known to it alone, or done by each."""
        if not self.replica:
            return
        if not self.models:
            raise FlawflowError("a replica needs a model: name one or more .flaw files")
        if not (self.database or "").startswith("postgresql"):
            raise FlawflowError("replicas share a record in PostgreSQL: name it with --database")
        if self.keep_pictures != "none":
            raise FlawflowError("replicas keep no pictures: add --keep-pictures none")
        alone = {
            "--to": self.to,
            "--line": self.lines,
            "--trained-on": self.trained_on,
            "--reports": self.reports,
        }
        for option, given in alone.items():
            if given:
                raise FlawflowError(
                    f"each replica would do the work of {option}: leave that to a station alone"
                )

    @property
    def asks_names(self) -> bool:
        """Whether nobody comes in without a name, whoever was added."""
        return self.sign_in or self.user_header is not None

    @property
    def missing(self) -> tuple[Path, ...]:
        """What was named and is not there now, such as a share that is mounted later."""
        named = (*self.allow, *(place for _, place in self.trained_on))
        return tuple(place for place in named if not os.path.exists(place))  # noqa: PTH110  # as above

    @property
    def database_url(self) -> str:
        """The database's URL."""
        return database_of(self.data, self.database)


def database_of(data: Path, database: str | None) -> str:
    """Give the URL of a station's database; without one of its own it is SQLite in the data folder."""
    return database or f"sqlite:///{(data / 'station.db').absolute()}"


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this computer alone.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
