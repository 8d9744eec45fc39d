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

INK, PAPER = (40, 40, 40), (255, 255, 255)
GOOD, DEFECT, LIMIT, GAUSS = (30, 95, 170), (213, 80, 0), (0, 0, 0), (120, 120, 120)


def draw_figure(toy: Toy) -> Image.Image:
    """Draw the four panels side by side, RGB."""
    grid = _grid(PANEL * FINE)
    truth = _in_parts(true_log_density, grid)
    learned = _in_parts(lambda x: log_prob(toy.flow.density, x), grid)
    accepted, ellipse = learned >= toy.flow.threshold, toy.gaussian.accepts(grid)
    brightest = truth.exp().max().item()
    with torch.no_grad():
        latent_good, latent_defective = toy.flow.density(toy.good)[0], toy.flow.density(toy.defective)[0]

    density = _heat(truth, brightest)
    estimate = _outline(_heat(learned, brightest), accepted, LIMIT)
    latent = Image.new("RGB", (PANEL * FINE,) * 2, PAPER)
    _circles(latent)
    _points(latent, latent_defective, DEFECT, LATENT_REACH)
    _points(latent, latent_good, GOOD, LATENT_REACH)
    verdicts = Image.new("RGB", (PANEL * FINE,) * 2, PAPER)
    verdicts = _outline(_outline(verdicts, ellipse, GAUSS), accepted, LIMIT)
    _points(verdicts, toy.defective, DEFECT, REACH)
    _points(verdicts, toy.good, GOOD, REACH)

    found, found_by_gaussian = (
        100 * (~judge.accepts(toy.defective)).float().mean().item() for judge in (toy.flow, toy.gaussian)
    )
    return _lay_out(
        (density, "Density of good vectors", "two noisy crescents"),
        (estimate, "Learned density", "black: threshold that 1 % of good vectors fall below"),
        (latent, "Latent space", "circles hold 50, 90 and 99 %; orange: defects"),
        (
            verdicts,
            "New vectors",
            f"defects found: flow {found:.0f} %, Gaussian (grey) {found_by_gaussian:.0f} %",
        ),
    )


def _grid(side: int) -> Tensor:
    axis = torch.linspace(-REACH, REACH, side)
    rows, columns = torch.meshgrid(-axis, axis, indexing="ij")
    return torch.stack((columns.flatten(), rows.flatten()), dim=1)


@torch.no_grad()
def _in_parts(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return torch.cat([function(part) for part in torch.split(x, 2**14)])  # all at once would take a gigabyte


def _square(flat: Tensor) -> NDArray[np.float32]:
    side = math.isqrt(len(flat))
    return flat.reshape(side, side).float().numpy()


def _heat(log_density: Tensor, brightest: float) -> Image.Image:
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


def _points(picture: Image.Image, x: Tensor, colour: tuple[int, int, int], reach: float) -> None:
    draw, half = ImageDraw.Draw(picture), picture.width / 2
    for right, up in (x / reach).tolist():
        draw.circle((half * (1 + right), half * (1 - up)), 2.2 * FINE, fill=colour)


def _lay_out(*panels: tuple[Image.Image, str, str]) -> Image.Image:
    width = len(panels) * (PANEL + GAP) + GAP
    sheet = Image.new("RGB", (width, HEAD + PANEL + FOOT), PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, (picture, title, note) in enumerate(panels):
        left = GAP + index * (PANEL + GAP)
        sheet.paste(picture.resize((PANEL, PANEL), Image.Resampling.BOX), (left, HEAD))
        draw.rectangle((left, HEAD, left + PANEL - 1, HEAD + PANEL - 1), outline=GAUSS)
        draw.text((left, HEAD - 10), title, INK, ImageFont.load_default(22), anchor="ls")
        draw.text((left, HEAD + PANEL + 24), note, INK, ImageFont.load_default(16), anchor="ls")
    return sheet
