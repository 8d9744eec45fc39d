"""Which stores a URL may name, and the filesystem of fsspec for each."""

import functools
import importlib.util
from dataclasses import dataclass
from typing import Any

from flawflow.errors import StorageError


@dataclass(frozen=True)
class Store:
    """One kind of store.

    Attributes:
        extra: What installs it: `pip install 'flawflow[EXTRA]'`.
        packages: What that must bring.
        can_write: Whether results may go there.
    """

    extra: str
    packages: tuple[str, ...]
    can_write: bool = True


STORES: dict[str, Store] = {
    "s3": Store("s3", ("fsspec", "s3fs")),
    "gs": Store("gcs", ("fsspec", "gcsfs")),
    "az": Store("azure", ("fsspec", "adlfs")),
    "http": Store("http", ("fsspec", "aiohttp"), can_write=False),
    "https": Store("http", ("fsspec", "aiohttp"), can_write=False),
    "memory": Store("http", ("fsspec",)),
}
"""By scheme; `memory` is of this process alone, for tests."""

READ_ONLY = frozenset(scheme for scheme, store in STORES.items() if not store.can_write)


def require_scheme(scheme: str, shown: str) -> None:
    """Make sure that a store of this scheme can be used, without a request.

    Raises:
        StorageError: There is none, or a package is missing.
    """
    store = STORES.get(scheme)
    if store is None:
        known = ", ".join(f"{name}://" for name in STORES if name != "memory")
        raise StorageError(f"{shown} cannot be used: its scheme is none of {known}, file://.")
    missing = [name for name in store.packages if importlib.util.find_spec(name) is None]
    if missing:
        raise StorageError(f"{shown} needs the package {missing[0]}: pip install 'flawflow[{store.extra}]'.")


@functools.cache
def filesystem_of(scheme: str) -> Any:
    """Give the filesystem of fsspec; its credentials and settings are those of its ecosystem.

    Nothing of a listing is kept: what was there a minute ago may be gone, in a service that runs for weeks.
    """
    import fsspec

    options = {} if scheme == "memory" else {"use_listings_cache": False}
    return fsspec.filesystem(scheme, **options)
