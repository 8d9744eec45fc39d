"""Some rows of a tensor of features, in any order, without a copy: the features may fill the memory."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


class RowView:
    """Rows of a tensor (rows, H·W, D), read as the tensor of these rows would be; nothing is written.

    An index or slice copies the rows that it names; `Rows` may be either kind.
    """

    def __init__(self, data: Tensor, rows: Tensor) -> None:
        """Take rows as they are.

        Args:
            data: (rows, H·W, D).
            rows: (N,) int64, which of them.
        """
        self._data = data
        self._rows = rows.to(data.device)

    @property
    def shape(self) -> torch.Size:
        """(N, H·W, D)."""
        return torch.Size((len(self._rows), *self._data.shape[1:]))

    @property
    def device(self) -> torch.device:
        """Where the features lie."""
        return self._data.device

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def __iter__(self) -> Iterator[Tensor]:
        """Give one row after the other, (H·W, D)."""
        return (self._data[row] for row in self._rows.tolist())

    def __getitem__(self, index: int | slice | Tensor) -> Tensor:
        """A copy of some rows, as from a tensor."""
        chosen = index.to(self.device) if isinstance(index, Tensor) else index
        return self._data[self._rows[chosen]]

    def chosen(self, rows: Tensor) -> RowView:
        """Some of these rows, (M,) int64."""
        return RowView(self._data, self._rows[rows.to(self.device)])

    def at(self, rows: Tensor, positions: Tensor) -> Tensor:
        """The vectors at positions of rows, both (M,) int64 where the features lie; gives (M, D)."""
        return self._data[self._rows[rows], positions]

    def vectors(self, inside: Tensor | None) -> RowView:
        """All vectors at the positions `inside`, (P,) int64 or None for all, as rows of one position."""
        count = self._data.shape[1]
        positions = torch.arange(count) if inside is None else inside
        rows = self._rows[:, None] * count + positions.to(self.device)
        return RowView(self._data.reshape(-1, 1, self._data.shape[2]), rows.flatten())


Rows = Tensor | RowView
"""(rows, H·W, D) float32: a tensor, or some rows of one."""


def chosen_rows(maps: Rows, rows: Tensor) -> Rows:
    """Some rows, (M,) int64: a part of the tensor where they follow each other."""
    if isinstance(maps, RowView):
        return maps.chosen(rows)
    if len(rows) and torch.equal(rows, torch.arange(int(rows[0]), int(rows[0]) + len(rows))):
        return maps[int(rows[0]) : int(rows[0]) + len(rows)]
    return RowView(maps, rows)


def plain_rows(maps: Rows, views: int) -> Rows:
    """The rows of the pictures as they are, where each picture has `views` rows."""
    if isinstance(maps, RowView):
        return maps.chosen(torch.arange(0, len(maps), views))
    return maps[::views]


def vectors_at(maps: Rows, rows: Tensor, positions: Tensor) -> Tensor:
    """The vectors at positions of rows, both (M,) int64 where the features lie; gives (M, D)."""
    return maps.at(rows, positions) if isinstance(maps, RowView) else maps[rows, positions]


def as_vectors_of_rows(maps: Rows, inside: Tensor | None) -> Rows:
    """All vectors at the positions `inside`, (P,) int64 or None for all, as rows of one position."""
    if isinstance(maps, RowView):
        return maps.vectors(inside)
    chosen = maps if inside is None else maps[:, inside]
    return chosen.reshape(-1, 1, maps.shape[2])
