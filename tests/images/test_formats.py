"""Every kind of TIFF is read as it is meant, or refused; tifffile reads the same files as a witness."""

import importlib.util
import io
import itertools
import struct
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import PIL
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from flawflow.errors import ImageError
from flawflow.images import read_image, read_mask


def _beside(name: str) -> ModuleType:
    # Tests are imported one by one (import mode importlib), so a neighbour is fetched by its place.
    spec = importlib.util.spec_from_file_location(f"picture_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


written = _beside("tiff")
Kind, tiff = written.Kind, written.tiff

SHAPE = (20, 19)
CHANNELS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4}
LAYOUTS: list[dict[str, Any]] = [{}, {"rows": 7}, {"tile": (16, 16)}]


def kinds(photometric: int, bits: int, sample_format: int) -> Iterator[tuple[Any, int]]:
    """All ways to store such levels, each with its number of channels."""
    predictors = [1, *([2] if bits in (8, 16, 32) and sample_format == 1 else [])]
    predictors += [3] if (bits, sample_format) == (32, 3) else []
    axes = itertools.product(
        (1, 2), written.COMPRESSIONS, "<>", predictors, (1, 2), ((), (0,), (1,), (2,)), LAYOUTS
    )
    for planar, compression, order, predictor, fill, extra, layout in axes:
        channels = CHANNELS[photometric] + len(extra)
        if predictor > 1 and compression in ("none", "packbits"):
            continue
        if fill == 2 and (layout or extra or compression == "deflate" or bits > 8):
            continue
        if planar == 2 and channels == 1:
            continue
        yield (
            Kind(
                bits=bits, photometric=photometric, planar=planar, compression=compression, order=order,
                sample_format=sample_format, predictor=predictor, fill_order=fill, extra=extra,
                palette=PALETTE[: 1 << bits] if photometric == 3 else None, **layout,
            ),
            channels,
        )  # fmt: skip


PALETTE = np.random.default_rng(5).integers(0, 65536, (256, 3), np.uint16)


def meant(levels: NDArray[Any], kind: Any) -> NDArray[np.float64]:
    """What the levels stand for, on the scale of 8 bits, word by word of the standard."""
    if kind.photometric == 3:
        return (kind.palette[levels[..., 0]] >> 8).astype(np.float64)
    if kind.sample_format == 3:
        shown = np.rint(levels)
    elif kind.bits >= 8:
        shown = (levels.astype(np.int64) >> (min(kind.bits, 16) - 8)).astype(np.float64)
    else:
        shown = np.rint(levels * 255.0 / ((1 << kind.bits) - 1))
    if kind.photometric == 5:
        return np.rint((255 - shown[..., :3]) * (255 - shown[..., 3:4]) / 255)
    shown = shown[..., : CHANNELS[kind.photometric]]
    shown = 255 - shown if kind.photometric == 0 else shown
    return np.repeat(shown, 3, axis=2) if shown.shape[2] == 1 else shown


def drawn(bits: int, sample_format: int, channels: int) -> NDArray[Any]:
    rng = np.random.default_rng(bits)
    if sample_format == 3:
        return rng.uniform(0, 255, (*SHAPE, channels)).astype(f"f{bits // 8}")
    top = 16 if bits == 32 else bits - (sample_format == 2)
    return rng.integers(0, 1 << min(top, 63), (*SHAPE, channels)).astype(np.int64)


FORMATS = [(bits, 1) for bits in (1, 2, 4, 8, 10, 12, 14, 16, 24, 32, 64)] + [
    (8, 2), (16, 2), (32, 2), (16, 3), (32, 3), (64, 3),
]  # fmt: skip
# What is worth reading; everything else may be refused, and nothing may be wrong.
READ = {
    (0, 1, 1), (0, 2, 1), (0, 4, 1), (0, 8, 1), (0, 16, 1), (1, 1, 1), (1, 2, 1), (1, 4, 1), (1, 8, 1),
    (1, 12, 1), (1, 16, 1), (1, 32, 1), (1, 32, 2), (1, 32, 3), (2, 8, 1), (2, 16, 1), (3, 1, 1), (3, 2, 1),
    (3, 4, 1), (3, 8, 1), (5, 8, 1), (5, 16, 1),
}  # fmt: skip


@pytest.mark.parametrize("photometric", CHANNELS)
@pytest.mark.parametrize(("bits", "sample_format"), FORMATS)
def test_every_kind_is_read_as_it_is_meant_or_refused(
    photometric: int, bits: int, sample_format: int
) -> None:
    if photometric == 3 and (bits > 8 or sample_format != 1):
        pytest.skip("no palette has so many colours")
    is_read = (photometric, bits, sample_format) in READ
    read = 0
    # Of what is not read a sample is enough: what is refused is refused by bits and colours alone.
    for kind, channels in itertools.islice(
        kinds(photometric, bits, sample_format), None, None, 1 if is_read else 11
    ):
        levels = drawn(bits, sample_format, channels)
        content = tiff(levels, kind)
        try:
            picture = read_image(content)
        except ImageError as error:
            assert str(error).endswith("."), kind  # noqa: PT017
            continue
        read += 1
        # Mixing inks and halving the range of one bit less may round the other way.
        slack = 1 if photometric in (0, 5) else 0
        assert np.abs(picture - meant(levels, kind)).max() <= slack, kind
    assert (read > 0) == is_read


@pytest.mark.parametrize("photometric", CHANNELS)
@pytest.mark.parametrize(
    ("bits", "sample_format"), [(1, 1), (8, 1), (16, 1), (32, 1), (32, 2), (32, 3), (64, 3)]
)
def test_another_reader_finds_the_same_levels(photometric: int, bits: int, sample_format: int) -> None:
    """That what the tests write is TIFF as others know it; without its codecs tifffile inflates only."""
    found = 0
    for kind, channels in kinds(photometric, bits, sample_format):
        if kind.compression not in ("none", "deflate") or kind.predictor != 1 or kind.fill_order != 1:
            continue
        if photometric == 3 and bits > 8:
            continue
        levels = drawn(bits, sample_format, channels)
        stored = tifffile.imread(io.BytesIO(tiff(levels, kind))).reshape(
            (channels, *SHAPE) if kind.planar == 2 else (*SHAPE, channels)
        )
        np.testing.assert_array_equal(np.moveaxis(stored, 0, 2) if kind.planar == 2 else stored, levels)
        found += 1
    assert found > 0 or (photometric == 3 and bits > 8)


@pytest.mark.parametrize("bits", [1, 8, 16])
def test_white_may_be_zero_in_a_mask(bits: int) -> None:
    levels = np.full((*SHAPE, 1), (1 << bits) - 1)
    levels[3:7, 4:9] = 0
    assert read_mask(tiff(levels, Kind(bits=bits, photometric=0))).sum() == 20


def test_a_palette_of_eight_bits_is_refused() -> None:
    content = tiff(drawn(8, 1, 1), Kind(photometric=3, palette=PALETTE >> 8))
    with pytest.raises(ImageError, match="palette of 8 bits"):
        read_image(content)


def test_other_inks_are_refused() -> None:
    content = tiff(drawn(8, 1, 4), Kind(photometric=5, more=((332, 3, (2,)),)))
    with pytest.raises(ImageError, match="other inks"):
        read_image(content)


@pytest.mark.parametrize(
    ("shift", "is_read"),
    [
        # Earlier Pillows take it for cut short.
        pytest.param(
            (1, 1), True, marks=pytest.mark.skipif(PIL.__version__ < "13", reason="Pillow is older")
        ),
        ((2, 2), False),
        ((2, 1), False),
        (None, False),
    ],
)
def test_colours_with_subsampling_are_refused(shift: tuple[int, int] | None, is_read: bool) -> None:
    more = () if shift is None else ((530, 3, shift),)
    content = tiff(drawn(8, 1, 3), Kind(photometric=6, more=more))
    if is_read:
        assert read_image(content).shape == (*SHAPE, 3)
    else:
        with pytest.raises(ImageError, match="subsampling"):
            read_image(content)


def pages(*kinds_of_page: int, order: str = "<") -> bytes:
    """A TIFF of several pages, put one after the other, each with its NewSubfileType."""
    content = b""
    for number, page in enumerate(kinds_of_page):
        part = bytearray(tiff(drawn(8, 1, 1), Kind(order=order, more=((254, 4, (page,)),))))
        (entries,) = struct.unpack_from(f"{order}H", part, 8)
        end = 10 + 12 * entries
        for at in range(10, end, 12):
            tag, kind, count = struct.unpack_from(f"{order}HHI", part, at)
            if tag == 273 or count * {3: 2, 4: 4}[kind] > 4:
                (place,) = struct.unpack_from(f"{order}I", part, at + 8)
                struct.pack_into(f"{order}I", part, at + 8, place + len(content))
        following = len(content) + len(part) + 8 if number < len(kinds_of_page) - 1 else 0
        struct.pack_into(f"{order}I", part, end, following)
        content += bytes(part)
    return content


@pytest.mark.parametrize("order", "<>")
def test_pages_are_counted_without_thumbnails_and_masks(order: str) -> None:
    whole = meant(drawn(8, 1, 1), Kind())
    for further in ((), (1,), (4, 1), (5,)):
        np.testing.assert_array_equal(read_image(pages(0, *further, order=order)), whole)
    with pytest.raises(ImageError, match="has 3 pages"):
        read_image(pages(0, 1, 0, 2, order=order))
    with pytest.raises(ImageError, match="begins with a thumbnail"):
        read_image(pages(1, 0, order=order))


def test_pages_of_a_large_tiff_are_counted_too() -> None:
    stream = io.BytesIO()
    first, second = Image.new("L", (9, 6), 200), Image.new("L", (9, 6), 100)
    first.save(stream, "TIFF", save_all=True, append_images=[second], big_tiff=True)
    with pytest.raises(ImageError, match="has 2 pages"):
        read_image(stream.getvalue())


def test_pages_that_point_at_each_other_end() -> None:
    content = bytearray(pages(0))
    (entries,) = struct.unpack_from("<H", content, 8)
    struct.pack_into("<I", content, 10 + 12 * entries, 8)
    assert read_image(bytes(content)).shape == (*SHAPE, 3)
