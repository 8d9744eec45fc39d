"""Bijections one after the other."""

from collections.abc import Iterator

from torch import Tensor, nn

from flawflow.training.flows.bijection import Bijection, no_change
from flawflow.training.flows.folding import Fold


class Chain(Bijection):
    """The composition of bijections, the first given applied first; their log-determinants add up.

    All see the same condition; those that use one must agree on its dimension.

    Example:
        >>> import torch
        >>> from flawflow.training.flows import Affine, Coupling, Rotation
        >>> flow = Chain(Coupling(Affine(), 6), Rotation(6))
        >>> y, log_det = flow(torch.randn(4, 6))
        >>> y.shape, log_det.shape
        (torch.Size([4, 6]), torch.Size([4]))
    """

    def __init__(self, *bijections: Bijection) -> None:
        dimensions = {bijection.dimension for bijection in bijections}
        conditions = {bijection.condition_dimension for bijection in bijections} - {0}
        if len(dimensions) != 1 or len(conditions) > 1:
            raise ValueError(
                "Expected one or more bijections of one dimension and one condition dimension; "
                f"got dimensions {sorted(dimensions)} and condition dimensions {sorted(conditions)}."
            )
        super().__init__(dimensions.pop(), conditions.pop() if conditions else 0)
        self.bijections = nn.ModuleList(bijections)
        self.tolerance = sum(bijection.tolerance for bijection in bijections)
        self.exportable = all(bijection.exportable for bijection in bijections)

    def __iter__(self) -> Iterator[Bijection]:
        return iter(self.bijections)  # type: ignore[arg-type]

    def fold(self) -> list[Fold]:
        """One after the other."""
        return [fold for bijection in self for fold in bijection.fold()]

    def _forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        log_det = no_change(x)
        for bijection in self:
            x, change = bijection(x, condition)
            log_det = log_det + change
        return x, log_det

    def _inverse(self, y: Tensor, condition: Tensor | None) -> Tensor:
        for bijection in reversed(list(self)):
            y = bijection.inverse(y, condition)
        return y
