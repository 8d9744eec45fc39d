"""Objects of a store behind a URL, as paths; read and written through fsspec, imported when first needed."""

import contextlib
import io
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from flawflow.errors import StorageError
from flawflow.storage.listing import names_below
from flawflow.storage.s3_reading import read_object
from flawflow.storage.store_errors import as_os_error
from flawflow.storage.stores import READ_ONLY, filesystem_of, require_scheme
from flawflow.storage.urls import shown_url

# A path of this system's own kind, which it alone can make.
_Here: type[Path] = Path if TYPE_CHECKING else type(Path())

# What packages call the time of change.
_CHANGED = ("LastModified", "last_modified", "mtime", "created")


class RemotePath(_Here):  # type: ignore[misc, valid-type]
    """A URL as a path: `/`, `name`, `parent`, `exists`, `read_bytes` and what else reads and writes wholes.

    As text it is `shown_url`: what may be a secret is masked in every message, record and log. What needs a
    file of this computer (`open` by its name) gets a StorageError.
    """

    @property
    def url(self) -> str:
        """The whole address, secrets included."""
        scheme, *rest = self.parts or ("",)
        return f"{scheme}//{'/'.join(rest)}"

    @property
    def scheme(self) -> str:
        """What stands before `://`, in lower case."""
        return str(self.parts[0]).rstrip(":").lower()

    def check(self) -> None:
        """Make sure that it can be used, without a request.

        Raises:
            StorageError: The scheme is unknown, its package is not installed, or there is a password in it.
        """
        require_scheme(self.scheme, str(self))
        if len(self.parts) < 2:
            raise StorageError(f"{self} names nothing: give a bucket or host behind {self.scheme}://")
        if "@" in self.parts[1]:
            raise StorageError(
                f"{self} must hold no user or password: leave them to the store's own environment variables."
            )

    def __str__(self) -> str:
        return shown_url(self.url)

    def __fspath__(self) -> str:
        raise StorageError(
            f"{self} is a URL, and this needs a file of this computer: copy it here and name the copy."
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemotePath) and self.url == other.url

    def __hash__(self) -> int:
        return hash(self.url)

    def as_posix(self) -> str:
        """Its text."""
        return str(self)

    def absolute(self) -> "RemotePath":
        """Itself."""
        return self

    def resolve(self, strict: bool = False) -> "RemotePath":  # noqa: ARG002
        """Itself."""
        return self

    def is_absolute(self) -> bool:
        """Always."""
        return True

    def relative_to(self, *other: Any, **rest: Any) -> Path:
        """What stands behind a folder above, as a relative path like any other."""
        return Path(*super().relative_to(*other, **rest).parts)

    def stat(self, **_: Any) -> os.stat_result:
        """Size and, where the store tells it, time of change; the time is 0 elsewhere."""
        with self._errors():
            found = self._store.info(self._key)
        mode = stat.S_IFDIR if found["type"] == "directory" else stat.S_IFREG
        changed = next((found[key] for key in _CHANGED if key in found), 0)
        seconds = changed.timestamp() if hasattr(changed, "timestamp") else 0.0
        exactly = {"st_mtime": seconds, "st_mtime_ns": int(seconds * 1e9)}
        size = found.get("size") or 0
        return os.stat_result((mode | 0o444, 0, 0, 1, 0, 0, size, 0, int(seconds), 0), exactly)

    def exists(self, **_: Any) -> bool:
        """Whether there is an object or folder; what is refused or broken is raised as OSError."""
        try:
            self.stat()
        except FileNotFoundError:
            return False
        return True

    def is_file(self, **_: Any) -> bool:
        """Whether it is an object."""
        try:
            return stat.S_ISREG(self.stat().st_mode)
        except FileNotFoundError:
            return False

    def is_dir(self, **_: Any) -> bool:
        """Whether objects lie below it."""
        if self.scheme in READ_ONLY:
            # A web server has pages, and calls none a folder: one that lists files is taken for one.
            return not self.suffix and self._lists()
        try:
            return stat.S_ISDIR(self.stat().st_mode)
        except FileNotFoundError:
            return False

    def _lists(self) -> bool:
        try:
            return next(self.iterdir(), None) is not None
        except OSError:
            return False

    def is_symlink(self) -> bool:
        """Never."""
        return False

    def iterdir(self) -> Iterator["RemotePath"]:
        """What lies directly below."""
        with self._errors():
            found = self._store.ls(self._listed_key, detail=False)
        for key in found:
            name = str(key).rstrip("/").rpartition("/")[2]
            if name and str(key).rstrip("/") != self._key.rstrip("/"):
                yield self / name

    def names_below(self) -> Iterator[str]:
        """The name of every object below, at any depth, from here on; taken page by page."""
        with self._errors():
            yield from names_below(self._store, self._listed_key, pages=self.scheme == "s3")

    def read_below(self, name: str) -> bytes:
        """The content of an object that `names_below` named: a key may be one that no path can spell."""
        key = f"{self._key.rstrip('/')}/{name}"
        with self._errors():
            return read_object(self._store, key) if self.scheme == "s3" else bytes(self._store.cat_file(key))

    def open(self, mode: str = "r", *_: Any, encoding: str | None = None, **rest: Any) -> IO[Any]:
        """Open for reading: the whole content is fetched in one request."""
        if mode not in ("r", "rb"):
            raise StorageError(
                f"{self} cannot be changed in place, as no object can: name a path of this computer."
            )
        content = io.BytesIO(self.read_bytes())
        if mode == "rb":
            return content
        return io.TextIOWrapper(content, encoding=encoding or "utf-8", newline=rest.get("newline"))

    def read_bytes(self) -> bytes:
        """The object's content, in one request."""
        with self._errors():
            return bytes(self._store.cat_file(self._key))

    def write_bytes(self, data: Any) -> int:
        """Put an object in its place, whole or not at all."""
        self.require_writable()
        with self._errors():
            self._store.pipe_file(self._key, bytes(data))
        return len(data)

    def upload(self, file: Path) -> None:
        """Put the content of a file of this computer in its place, whole or not at all."""
        self.require_writable()
        with self._errors():
            self._store.put_file(str(file), self._key)

    def require_writable(self) -> None:
        """Make sure that its scheme can be written to.

        Raises:
            StorageError: It is read only.
        """
        if self.scheme in READ_ONLY:
            raise StorageError(f"{self} can only be read from: write to s3://, gs:// or az://, or to a path.")

    def probe(self) -> None:
        """Make sure that it can be written, by an object beside it that goes again.

        Raises:
            StorageError: Its scheme is read only.
            OSError: The store denies it, or does not answer.
        """
        beside = self.with_name(f".flawflow-{secrets.token_hex(8)}.part")
        beside.write_bytes(b"")
        # Some may write and not remove.
        with contextlib.suppress(PermissionError):
            beside.unlink()

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object; not every store tells whether there was one."""
        try:
            with self._errors():
                self._store.rm_file(self._key)
        except FileNotFoundError:
            if not missing_ok:
                raise

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Nothing: a store has no folders of their own."""

    @property
    def _store(self) -> Any:
        return filesystem_of(self.scheme)

    @property
    def _key(self) -> str:
        """As its filesystem names it: of a web server the URL, of a store the bucket and key."""
        return str(self._store._strip_protocol(self.url))

    @property
    def _listed_key(self) -> str:
        # A web server answers with a folder's page, and relative links in it count, behind a slash only.
        return f"{self._key.rstrip('/')}/" if self.scheme in READ_ONLY else self._key

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Let every error from within be an OSError that names this path and says why, without secrets."""
        try:
            yield
        except StorageError:
            raise
        except Exception as error:
            raise as_os_error(error, str(self)) from None
