"""The toy drawn: density, learned density, latent space, verdicts."""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from flawflow.training.flows import log_prob
from flawflow.training.toy.crescents import REACH, true_log_density
from flawflow.training.toy.learning import Toy

PANEL, GAP, HEAD, FOOT = 420, 24, 46, 42
LATENT_REACH = 8.0
FINE = 2  # drawn twice as large and halved, for smooth edges

Colour = tuple[int, int, int]
INK, PAPER = (40, 40, 40), (255, 255, 255)
GOOD, DEFECT, LIMIT, GAUSS = (30, 95, 170), (213, 80, 0), (0, 0, 0), (120, 120, 120)


def draw_figure(toy: Toy) -> Image.Image:
    """Draw the four panels side by side, RGB."""
    places = grid(PANEL * FINE)
    truth = in_parts(true_log_density, places)
    learned = in_parts(lambda x: log_prob(toy.flow.density, x), places)
    accepted, ellipse = learned >= toy.flow.threshold, toy.gaussian.accepts(places)
    brightest = truth.exp().max().item()
    with torch.no_grad():
        latent_good, latent_defective = toy.flow.density(toy.good)[0], toy.flow.density(toy.defective)[0]

    density = heat(truth, brightest)
    estimate = _outline(heat(learned, brightest), accepted, LIMIT)
    latent = Image.new("RGB", (PANEL * FINE,) * 2, PAPER)
    _circles(latent)
    draw_points(latent, latent_defective, DEFECT, LATENT_REACH)
    draw_points(latent, latent_good, GOOD, LATENT_REACH)
    verdicts = Image.new("RGB", (PANEL * FINE,) * 2, PAPER)
    verdicts = _outline(_outline(verdicts, ellipse, GAUSS), accepted, LIMIT)
    draw_points(verdicts, toy.defective, DEFECT, REACH)
    draw_points(verdicts, toy.good, GOOD, REACH)

    found, found_by_gaussian = (
        100 * (~judge.accepts(toy.defective)).float().mean().item() for judge in (toy.flow, toy.gaussian)
    )
    return lay_out(
        (density, "Density of good vectors", "two noisy crescents"),
        (estimate, "Learned density", "black: threshold that 1 % of good vectors fall below"),
        (latent, "Latent space", "circles hold 50, 90 and 99 %; orange: defects"),
        (
            verdicts,
            "New vectors",
            f"defects found: flow {found:.0f} %, Gaussian (grey) {found_by_gaussian:.0f} %",
        ),
    )


def grid(side: int) -> Tensor:
    """Give the middles of so many pixels a side, row by row, (side², 2)."""
    axis = torch.linspace(-REACH, REACH, side)
    rows, columns = torch.meshgrid(-axis, axis, indexing="ij")
    return torch.stack((columns.flatten(), rows.flatten()), dim=1)


@torch.no_grad()
def in_parts(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Do a function of vectors, (N, 2), a part at a time."""
    return torch.cat([function(part) for part in torch.split(x, 2**14)])  # all at once would take a gigabyte


def _square(flat: Tensor) -> NDArray[np.float32]:
    side = math.isqrt(len(flat))
    return flat.reshape(side, side).float().numpy()


def heat(log_density: Tensor, brightest: float) -> Image.Image:
    """Draw a density on `grid`, (side²,); `brightest` has the full colour."""
    # The root lifts what is thin; the scale is that of the true density, so two panels compare.
    strength = np.sqrt(np.clip(_square(log_density.exp()) / brightest, 0, 1))[..., None]
    colour = np.array(PAPER) + strength * (np.array(GOOD) - np.array(PAPER))
    return Image.fromarray(colour.round().astype(np.uint8))


def _outline(picture: Image.Image, inside: Tensor, colour: tuple[int, int, int]) -> Image.Image:
    mask = _square(inside) > 0
    edge = np.zeros_like(mask)
    edge[:-1] |= mask[:-1] != mask[1:]
    edge[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    thick = edge.copy()
    thick[1:] |= edge[:-1]
    thick[:, 1:] |= edge[:, :-1]
    pixels = np.array(picture)
    pixels[thick] = colour
    return Image.fromarray(pixels)


def _circles(picture: Image.Image) -> None:
    draw, centre = ImageDraw.Draw(picture), picture.width / 2
    for share in (0.5, 0.9, 0.99):
        # In two dimensions ‖u‖² of a standard normal is exponential: P(‖u‖ < r) = 1 - exp(-r²/2).
        radius = math.sqrt(-2 * math.log(1 - share)) / LATENT_REACH * centre
        draw.circle((centre, centre), radius, outline=GAUSS, width=FINE)


def draw_points(picture: Image.Image, x: Tensor, colour: Colour, reach: float, radius: float = 2.2) -> None:
    """Draw vectors, (N, 2), into a picture of [-reach, reach] in both directions."""
    draw, half = ImageDraw.Draw(picture), picture.width / 2
    for right, up in (x / reach).tolist():
        draw.circle((half * (1 + right), half * (1 - up)), radius * FINE, fill=colour)


def lay_out(*panels: tuple[Image.Image, str, str], columns: int = 4) -> Image.Image:
    """Put square pictures, each with its title and a note, in rows of so many; RGB."""
    rows = -(-len(panels) // columns)
    width, height = columns * (PANEL + GAP) + GAP, HEAD + PANEL + FOOT
    sheet = Image.new("RGB", (width, rows * height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, (picture, title, note) in enumerate(panels):
        left, top = GAP + index % columns * (PANEL + GAP), index // columns * height + HEAD
        sheet.paste(picture.resize((PANEL, PANEL), Image.Resampling.BOX), (left, top))
        draw.rectangle((left, top, left + PANEL - 1, top + PANEL - 1), outline=GAUSS)
        draw.text((left, top - 10), title, INK, ImageFont.load_default(22), anchor="ls")
        draw.text((left, top + PANEL + 24), note, INK, ImageFont.load_default(16), anchor="ls")
    return sheet
