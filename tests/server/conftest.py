"""What the tests of the station share: a station in this process and a client of it."""

import io
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from argon2 import PasswordHasher
from PIL import Image
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from flawflow.server.app import create_app
from flawflow.server.db import Base
from flawflow.server.retraining import process
from flawflow.server.security import passwords
from flawflow.server.settings import Settings
from flawflow.server.station import Station

ADDRESS = "http://127.0.0.1:8470"


def png(level: int = 20, *, spot: bool = False, size: tuple[int, int] = (40, 60)) -> bytes:
    """A grey picture as PNG, with a white spot (NG) where that is asked for."""
    pixels = np.full((*size, 3), level, np.uint8)
    if spot:
        pixels[10:20, 10:30] = 255
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1500):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen")


@pytest.fixture
def wait() -> Callable[[Callable[[], bool]], None]:
    """Wait until something is so."""
    return until


@pytest.fixture
def install_trainer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Let a script train in place of torch; gives its file."""

    def install(script: str) -> Path:
        file = tmp_path / "trainer.py"
        file.write_text(script)
        monkeypatch.setattr(process, "COMMAND", (sys.executable, str(file)))
        monkeypatch.setattr("flawflow.training.requirements._NEEDED", ())
        return file

    return install


@pytest.fixture(scope="session")
def make_png() -> Callable[..., bytes]:
    return png


@pytest.fixture(scope="session")
def make_certificate() -> Callable[[Path], tuple[Path, Path]]:
    """Make a certificate for 127.0.0.1 that nobody has signed but itself, and its key, in a folder."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")

    def make(folder: Path) -> tuple[Path, Path]:
        folder.mkdir()
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        name = ["-subj", "/CN=station", "-addext", "subjectAltName=IP:127.0.0.1"]
        command = ["openssl", "req", "-x509", *curve, "-nodes", "-days", "2", *name]
        subprocess.run(
            [*command, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60
        )
        return certificate, key

    return make


@pytest.fixture
def settings(tiny_model: Path, tmp_path: Path) -> Settings:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    return Settings(
        models=(tiny_model,),
        data=tmp_path / "data",
        allow=(allowed,),
        allow_streams=("127.0.0.1",),
        workers=2,
    )


@pytest.fixture
def make_client() -> Iterator[Callable[..., TestClient]]:
    """Start a station and give a client of it; all are stopped at the end."""
    opened: list[TestClient] = []

    def make(settings: Settings, *, address: str = ADDRESS) -> TestClient:
        app = create_app(settings)
        client = TestClient(app, base_url=address, client=("127.0.0.1", 50000), raise_server_exceptions=False)
        client.__enter__()
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def client(make_client: Callable[..., TestClient], settings: Settings) -> TestClient:
    return make_client(settings)


@pytest.fixture
def station(client: TestClient) -> Station:
    found: Station = client.app.state.station  # type: ignore[attr-defined]
    return found


@pytest.fixture
def inspect(client: TestClient) -> Callable[..., dict]:
    """Inspect one picture and give its record."""

    def run(content: bytes, name: str = "part.png") -> dict:
        answer = client.post("/api/inspect", files={"files": (name, content)})
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["inspections"]
        return found

    return run


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    """Write a film of ten pictures a second that become brighter, losslessly."""
    av = pytest.importorskip("av", reason="the extra video is not installed")

    def write(path: Path, *, count: int = 20, codec: str = "ffv1") -> Path:
        with av.open(str(path), "w") as container:
            # MPEG-2 knows no ten pictures a second.
            stream = container.add_stream(codec, rate=25 if codec == "mpeg2video" else 10)
            stream.width, stream.height, stream.pix_fmt = (
                64,
                48,
                "yuvj420p" if codec == "mjpeg" else "yuv420p",
            )
            for number in range(count):
                pixels = np.full((48, 64, 3), 10 * number, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode(None))
        return path

    return write


PASSWORD = "a long enough phrase"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords are hashed in a moment."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def peopled(make_client: Callable[..., TestClient], settings: Settings, quick: None) -> TestClient:
    """A client, not signed in, of a station at which one of each role may sign in."""
    client = make_client(settings)
    for name, role in (("olga", "operator"), ("rita", "reviewer"), ("emil", "engineer"), ("anna", "admin")):
        client.app.state.station.people.add(name, role=role, password=PASSWORD)  # type: ignore[attr-defined]
    return client


@pytest.fixture
def sign_in(peopled: TestClient) -> Callable[..., TestClient]:
    """Sign in and give a client of its own, with the cookie."""

    def run(name: str, password: str = PASSWORD) -> TestClient:
        client = TestClient(
            peopled.app, base_url=ADDRESS, client=("127.0.0.1", 50000), raise_server_exceptions=False
        )
        answer = client.post("/api/login", json={"name": name, "password": password})
        assert answer.status_code == 204, answer.text
        return client

    return run


class Server:
    """A PostgreSQL server of our own, on a socket of the file system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # PostgreSQL does not run as root.
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(folder, self._user)
        self.url = f"postgresql+pg8000://flawflow@/postgres?unix_sock={folder}/.s.PGSQL.5432"
        self._run("initdb", "-U", "flawflow", "-A", "trust")
        self.start()

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off"
        self._run("pg_ctl", "-o", options, "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-m", mode, "-w", "stop")

    def _run(self, program: str, *options: str) -> None:
        command = [str(shutil.which(program)), "-D", str(self._folder / "data"), *options]
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=True, stdout=quiet, stderr=quiet, user=self._user, cwd=self._folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL server of our own."""
    pytest.importorskip("pg8000", reason="pg8000 is not installed")
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("there is no PostgreSQL here")
    # Not below pytest's own folder, which another user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="flawflow-postgres-"))
    server = Server(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def postgres(postgres_server: Server) -> Iterator[str]:
    """The URL of a PostgreSQL database, which is empty."""
    yield postgres_server.url
    engine = create_engine(postgres_server.url)
    Base.metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    engine.dispose()
