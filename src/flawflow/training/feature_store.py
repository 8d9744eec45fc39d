"""The features of all training pictures, computed once (`flawflow.training.extract`) and kept.

The encoder is frozen, so its output for a picture never changes: every pass of the training reads the store.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from flawflow.training.duplicates import Fingerprint
from flawflow.training.roi import roi_cells
from flawflow.training.row_view import Rows, chosen_rows, plain_rows

_ROWS_AT_ONCE = 16


@dataclass(frozen=True)
class FeatureStore:
    """Feature vectors of good pictures, scale by scale.

    Rows are ordered by picture, and within a picture by view; view 0 is the picture as it is.

    Attributes:
        maps: For each scale (rows, H_k·W_k, D_k) float32, in memory or in a mapped file: a tensor, or some
            rows of one. Nothing is written to them.
        grids: (H_k, W_k) of each scale; position p lies at row p // W_k, column p % W_k.
        views: Rows per picture.
        pictures: The pictures that were read, in the order of the rows.
        failures: The pictures that could not be read, each with the sentence that says why.
        fingerprints: What each picture that was read looks like.
        roi_mask: (H, W) bool, which pixels of the pictures count; None for all.
    """

    maps: tuple[Rows, ...]
    grids: tuple[tuple[int, int], ...]
    views: int
    pictures: tuple[Path, ...]
    failures: tuple[tuple[Path, str], ...]
    fingerprints: tuple[Fingerprint, ...] = ()
    roi_mask: Tensor | None = None

    def inside(self, k: int) -> Tensor | None:
        """The positions of scale k to learn from, (P,) int64; None for all."""
        if self.roi_mask is None:
            return None
        return torch.nonzero(roi_cells(self.roi_mask, self.grids[k]).flatten())[:, 0]

    def only(self, chosen: Sequence[int]) -> "FeatureStore":
        """The store of some of the pictures, by their numbers, in this order; no feature is copied."""
        first = torch.tensor(chosen, dtype=torch.int64) * self.views
        rows = (first[:, None] + torch.arange(self.views)).flatten()
        return replace(
            self,
            maps=tuple(chosen_rows(maps, rows) for maps in self.maps),
            pictures=tuple(self.pictures[number] for number in chosen),
            fingerprints=tuple(self.fingerprints[number] for number in chosen) if self.fingerprints else (),
        )

    def plain(self, k: int) -> Rows:
        """Scale k of the pictures as they are, a row each."""
        return plain_rows(self.maps[k], self.views)

    def plain_pyramids(self, device: torch.device) -> Iterator[list[Tensor]]:
        """The features of the pictures as they are, some pictures at a time, as maps (B, D_k, H_k, W_k)."""
        return self._pyramids([self.plain(k) for k in range(len(self.maps))], device)

    def pyramids(self, device: torch.device) -> Iterator[list[Tensor]]:
        """The features of all rows, some at a time, as maps (B, D_k, H_k, W_k)."""
        return self._pyramids(self.maps, device)

    def _pyramids(self, rows: Sequence[Rows], device: torch.device) -> Iterator[list[Tensor]]:
        for start in range(0, len(rows[0]), _ROWS_AT_ONCE):
            yield [
                maps[start : start + _ROWS_AT_ONCE]
                .to(device)
                .transpose(1, 2)
                .reshape(-1, maps.shape[2], *grid)
                for maps, grid in zip(rows, self.grids, strict=True)
            ]
