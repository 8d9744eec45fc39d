"""Whether pictures are still the same: by what they hold, or quickly by what the file system says."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from flawflow.datasets.sample import Dataset, Sample
from flawflow.storage.files import sha256_of_file


def digest_of_dataset(dataset: Dataset) -> str:
    """A checksum of what every picture holds and what it is for; names and places do not count."""
    return digest_of_samples(dataset.samples)


def digest_of_samples(samples: Iterable[Sample]) -> str:
    """The same of some of a data set's pictures."""
    digest, masks = hashlib.sha256(), cache(_content)
    for sample in samples:
        role = f"{sample.split} {sample.is_defective} {sample.defect_type}"
        # A video's masks are one large file.
        mask = " ".join(map(masks, sample.mask_files))
        frame = "" if sample.mask_frame is None else f" {sample.mask_frame}"
        digest.update(f"{role} {_content(sample.path)} {mask}{frame}\n".encode())
    return digest.hexdigest()


def digest_of_files(paths: Sequence[Path]) -> str:
    """A checksum of names, sizes and times of change; it notices other pictures without reading them."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            stat = path.stat()
            state = f"{stat.st_size}\0{stat.st_mtime_ns}"
        except OSError as error:
            # It is left out when it is read.
            state = f"error {error.errno}"
        digest.update(os.fsencode(str(path)) + f"\0{state}\n".encode())
    return digest.hexdigest()


def _content(path: Path) -> str:
    try:
        return sha256_of_file(path)
    except OSError as error:
        # It is left out when it is read.
        return f"error {error.errno}"
