"""Which of many products a picture shows, by its own likelihood.

A small graph measures mean and deviation of each of the encoder's channels over a picture. Each product has
a Gaussian of these numbers, learned from good pictures; a picture is of the product under which it is
likeliest. A defect changes little of it, since it covers little of a picture.
"""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from flawflow.errors import ModelFileError
from flawflow.images import ImageSource, read_image, resize_image
from flawflow.model_file import JointFile, Routing
from flawflow.model_file.joint import Appearance
from flawflow.runtime.engine import open_session

Numbers = NDArray[np.float64]

ROUTER_SIZE = (256, 256)
"""(height, width) that all pictures are resized to, whatever their products' models take."""

# Directions in which a product's numbers vary together, at most.
_MOST_DIRECTIONS = 16
# Of each number's variance, added to the covariance's diagonal: pictures are few.
_REGULARISATION = 0.1
# The least deviation of a number, as a share of the numbers' mean size.
_MIN_DEVIATION_SHARE = 1e-3


@dataclass(frozen=True)
class ProductGaussian:
    """What is known of a product's numbers.

    Attributes:
        mean: (D,).
        deviation: (D,), positive.
        directions: Unit vectors of standardised numbers, (R, D).
        variances: Along these, (R,), regularised.
        rest: The variance along all others.
        held_out: Numbers of good pictures that it was not learned from, (N, D), to measure confusion by.
    """

    mean: Numbers
    deviation: Numbers
    directions: Numbers
    variances: Numbers
    rest: float
    held_out: Numbers

    @classmethod
    def fit(cls, known: Numbers, held_out: Numbers) -> Self:
        """Learn from good pictures' numbers, (N, D), two or more."""
        mean = known.mean(axis=0)
        least = _MIN_DEVIATION_SHARE * float(np.abs(known).mean()) or 1.0
        deviation = known.std(axis=0, ddof=1).clip(least)
        z = (known - mean) / deviation
        _, lengths, directions = np.linalg.svd(z, full_matrices=False)
        count = min(_MOST_DIRECTIONS, len(known) - 1, known.shape[1])
        variances = lengths[:count] ** 2 / len(known)
        left = (float((lengths**2).sum()) / len(known) - float(variances.sum())) / max(1, z.shape[1] - count)
        return cls(
            mean=_rounded(mean),
            deviation=_rounded(deviation),
            directions=_rounded(directions[:count]),
            variances=_rounded(variances + _REGULARISATION),
            rest=left + _REGULARISATION,
            held_out=_rounded(held_out),
        )

    def log_likelihood(self, numbers: Numbers) -> Numbers:
        """Natural logarithm of each row's density, (N, D) to (N,), but for what all products share."""
        z = (numbers - self.mean) / self.deviation
        along = (z @ self.directions.T) ** 2
        energy = (z**2).sum(axis=1) / self.rest + along @ (1 / self.variances - 1 / self.rest)
        others = z.shape[1] - len(self.variances)
        log_det = (
            np.log(self.variances).sum() + others * math.log(self.rest) + 2 * np.log(self.deviation).sum()
        )
        found: Numbers = -0.5 * (energy + log_det)
        return found

    def to_appearance(self) -> Appearance:
        """As a file keeps it."""
        return Appearance(
            mean=_as_text(self.mean),
            deviation=_as_text(self.deviation),
            directions=_as_text(self.directions),
            variances=_as_text(self.variances),
            rest=self.rest,
            held_out=_as_text(self.held_out),
        )

    @classmethod
    def from_appearance(cls, kept: Appearance) -> Self:
        """Read what `to_appearance` gave.

        Raises:
            ValueError: The numbers do not fit together.
        """
        mean = _from_text(kept.mean)
        return cls(
            mean=mean,
            deviation=_from_text(kept.deviation).reshape(mean.shape),
            directions=_from_text(kept.directions).reshape(-1, len(mean)),
            variances=_from_text(kept.variances),
            rest=kept.rest,
            held_out=_from_text(kept.held_out).reshape(-1, len(mean)),
        )


@dataclass(frozen=True)
class Confusion:
    """How often good pictures that a router had not seen were taken for another product's.

    Attributes:
        pictures: All of them.
        wrong: Those that were.
        pairs: (product, what it was taken for, how often), the most often first.
    """

    pictures: int
    wrong: int
    pairs: tuple[tuple[str, str, int], ...]

    @property
    def share(self) -> float:
        """Of the pictures, in [0, 1]."""
        return self.wrong / self.pictures if self.pictures else 0.0


class Router:
    """Tells which product a picture shows."""

    def __init__(self, graph: bytes, products: Mapping[str, ProductGaussian]) -> None:
        """Take a graph with input `images` and output `numbers`, (B, D), and the products by name."""
        self.products = dict(products)
        self._session = open_session(graph, threads=1)

    @classmethod
    def of(cls, joint: JointFile) -> Self:
        """The router of a file of many models.

        Raises:
            ModelFileError: It has none.
        """
        routing = joint.routing()
        if routing is None:
            raise ModelFileError("has nothing that tells its products apart: name one")
        return cls(routing.graph, gaussians_of(routing))

    def numbers(self, picture: NDArray[np.uint8]) -> Numbers:
        """The numbers of a picture, (H, W, 3) of any size; gives (D,)."""
        prepared = resize_image(picture, ROUTER_SIZE)
        (found,) = self._session.run(None, {"images": prepared[None]})
        return np.asarray(found[0], np.float64)

    def route(self, source: ImageSource) -> str:
        """The product that a picture is likeliest under.

        Raises:
            ImageError: When the picture cannot be read.
        """
        return likeliest(self.products, self.numbers(read_image(source))[None])[0]


def likeliest(products: Mapping[str, ProductGaussian], numbers: Numbers) -> list[str]:
    """The product of each row of numbers, (N, D)."""
    names = [*products]
    found = np.stack([products[name].log_likelihood(numbers) for name in names])
    return [names[index] for index in found.argmax(axis=0)]


def confusion(products: Mapping[str, ProductGaussian]) -> Confusion:
    """Route what was held out of all products."""
    pairs: dict[tuple[str, str], int] = {}
    for name, product in products.items():
        for taken in likeliest(products, product.held_out) if len(product.held_out) else ():
            pairs[name, taken] = pairs.get((name, taken), 0) + 1
    wrong = {pair: count for pair, count in pairs.items() if pair[0] != pair[1]}
    listed = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))
    return Confusion(
        sum(pairs.values()), sum(wrong.values()), tuple((*pair, count) for pair, count in listed)
    )


def gaussians_of(routing: Routing) -> dict[str, ProductGaussian]:
    """The products of a file.

    Raises:
        ModelFileError: They cannot be read; the message is the rest of a sentence about the file.
    """
    try:
        return {name: ProductGaussian.from_appearance(kept) for name, kept in routing.products.items()}
    except ValueError as error:
        raise ModelFileError(
            f"has a valid checksum but tells its products apart in an unknown way ({error}): train it again"
        ) from None


def routing_of(graph: bytes, products: Mapping[str, ProductGaussian]) -> Routing:
    """What a file keeps to route by."""
    return Routing(graph=graph, products={name: one.to_appearance() for name, one in products.items()})


def _rounded(values: Numbers) -> Numbers:
    return values.astype(np.float32).astype(np.float64)


def _as_text(values: Numbers) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def _from_text(text: str) -> Numbers:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float64)
