"""Where a product's pictures are, as a plan names them."""

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

from flawflow.datasets import Dataset, open_dataset
from flawflow.storage.urls import shown_url


@dataclass(frozen=True, kw_only=True)
class Source:
    """What `flawflow.datasets.open_dataset` takes: paths or URLs, which every worker must be able to reach.

    Attributes:
        data: A data set, or a folder of good pictures.
        scene: The one to take of a data set of several.
        good: Instead of `data`, a folder of good pictures.
        bad: A folder of defective pictures, for testing only.
        masks: A folder of masks for those.
    """

    data: str | None = None
    scene: str | None = None
    good: str | None = None
    bad: str | None = None
    masks: str | None = None

    def open(self) -> Dataset:
        """Open the data set; no picture is read.

        Raises:
            DatasetError: It cannot serve its purpose.
        """
        return open_dataset(self.data, scene=self.scene, good=self.good, bad=self.bad, masks=self.masks)

    def below(self, folder: Path) -> "Source":
        """The same with paths that count from a folder."""
        paths = {name: beneath(folder, value) for name, value in vars(self).items() if name != "scene"}
        return dataclasses.replace(self, **paths)

    def __str__(self) -> str:
        """What it is called in a record: no secret of a URL."""
        scene = "" if self.scene is None else f", scene {self.scene}"
        return f"{shown_url(self.data or self.good or '')}{scene}"


def beneath(folder: Path, value: str | None) -> str | None:
    """A path that counts from a folder as an absolute one, for other machines; URLs stay as they are."""
    if value is None or "://" in value:
        return value
    return os.fspath((folder / value).absolute())
