"""Every picture a camera writes becomes uint8 RGB, and nothing but a ImageError comes of a damaged one."""

import contextlib
import io
import os
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from flawflow.errors import ImageError, ImageTooLargeError
from flawflow.images import MAX_PIXELS, read_image, read_mask, set_max_pixels

GREY_MODES = ["1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I", "F"]
COLOUR_MODES = ["P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"]
SAVED = [  # format, mode, save options
    ("PNG", "1", {}),
    ("PNG", "L", {}),
    ("PNG", "LA", {}),
    ("PNG", "P", {}),
    ("PNG", "P", {"transparency": 0}),
    ("PNG", "P", {"transparency": bytes(range(256))}),
    ("PNG", "L", {"transparency": 7}),
    ("PNG", "RGB", {"transparency": (1, 2, 3)}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "I;16", {}),
    ("JPEG", "L", {}),
    ("JPEG", "RGB", {}),
    ("JPEG", "RGB", {"progressive": True}),
    ("JPEG", "CMYK", {}),
    ("BMP", "1", {}),
    ("BMP", "L", {}),
    ("BMP", "P", {}),
    ("BMP", "RGB", {}),
    ("BMP", "RGBA", {}),
    ("TIFF", "1", {}),
    ("TIFF", "1", {"compression": "group4"}),
    ("TIFF", "L", {}),
    ("TIFF", "LA", {}),
    ("TIFF", "P", {}),
    ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    ("TIFF", "RGB", {"compression": "jpeg"}),
    ("TIFF", "RGBA", {"compression": "tiff_deflate"}),
    ("TIFF", "CMYK", {}),
    ("TIFF", "YCbCr", {"compression": "tiff_lzw"}),
    ("TIFF", "LAB", {}),
    ("TIFF", "I;16", {}),
    ("TIFF", "I;16B", {}),
    ("TIFF", "I", {}),
    ("TIFF", "F", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True}),
]


def drawn(mode: str, width: int = 9, height: int = 6, seed: int = 0) -> Image.Image:
    """A picture of random levels in any of Pillow's modes, made from raw bytes; none too dark to be read."""
    rng = np.random.default_rng(seed)
    if mode == "I":
        return Image.fromarray(rng.integers(8192, 65536, (height, width), np.int32))
    if mode == "F":
        return Image.fromarray(rng.uniform(32, 255, (height, width)).astype(np.float32))
    empty = Image.new(mode, (width, height))
    levels = rng.integers(32, 256, len(empty.tobytes()), np.uint8).tobytes()
    image = Image.frombytes(mode, (width, height), levels)
    if mode in ("P", "PA"):
        image.putpalette(rng.integers(0, 256, 768, np.uint8).tobytes())
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def assert_is_picture(picture: NDArray[np.uint8], width: int, height: int) -> None:
    assert picture.dtype == np.uint8
    assert picture.shape == (height, width, 3)
    assert picture.flags.writeable
    assert picture.flags.c_contiguous


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def png(width: int, height: int, depth: int, colour: int, levels: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(levels))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@given(
    mode=st.sampled_from(GREY_MODES + COLOUR_MODES),
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    seed=st.integers(0, 99),
)
def test_every_mode_and_size_gives_rgb(mode: str, width: int, height: int, seed: int) -> None:
    assert_is_picture(read_image(drawn(mode, width, height, seed)), width, height)


@pytest.mark.parametrize(("kind", "mode", "options"), SAVED)
def test_every_format_gives_rgb(kind: str, mode: str, options: dict[str, object], tmp_path: Path) -> None:
    content = encoded(drawn(mode), kind, **options)
    path = tmp_path / "picture.dat"  # the content decides, not the name
    path.write_bytes(content)
    picture = read_image(path)
    assert_is_picture(picture, 9, 6)
    assert picture.std() > 0
    np.testing.assert_array_equal(read_image(content), picture)
    np.testing.assert_array_equal(read_image(str(path)), picture)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_levels_come_as_they_are_stored(kind: str, rng: np.random.Generator) -> None:
    levels = rng.integers(0, 256, (5, 7, 3), np.uint8)
    np.testing.assert_array_equal(read_image(encoded(Image.fromarray(levels), kind)), levels)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_grey_becomes_three_equal_channels(kind: str, rng: np.random.Generator) -> None:
    levels = rng.integers(0, 256, (5, 7), np.uint8)
    picture = read_image(encoded(Image.fromarray(levels), kind))
    np.testing.assert_array_equal(picture, np.stack([levels] * 3, axis=2))


def test_one_bit_is_black_and_white() -> None:
    assert set(np.unique(read_image(encoded(drawn("1"))))) == {0, 255}


def test_alpha_is_dropped_and_the_colour_under_it_kept(rng: np.random.Generator) -> None:
    levels = rng.integers(0, 256, (5, 7, 4), np.uint8)
    levels[:3, :, 3] = 0
    for source in (encoded(Image.fromarray(levels)), levels, Image.fromarray(levels)):
        np.testing.assert_array_equal(read_image(source), levels[..., :3])
    grey = encoded(Image.merge("LA", [Image.fromarray(levels[..., 0]), Image.fromarray(levels[..., 3])]))
    np.testing.assert_array_equal(read_image(grey)[..., 1], levels[..., 0])


def test_a_palette_shows_its_colours_whatever_is_transparent() -> None:
    image = drawn("P")
    colours = np.array(image.getpalette(), np.uint8).reshape(-1, 3)[np.array(image)]
    for options in ({}, {"transparency": 3}, {"transparency": bytes(256)}):
        np.testing.assert_array_equal(read_image(encoded(image, **options)), colours)


@pytest.mark.parametrize(
    ("mode", "kind"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I;16B", "TIFF"), ("I", "TIFF")]
)
def test_sixteen_bits_are_shifted_never_stretched(mode: str, kind: str) -> None:
    levels = np.array([[0, 255, 256, 1000], [4095, 32768, 65534, 65535]])
    image = Image.fromarray(levels.astype({"I;16": "<u2", "I;16B": ">u2", "I": np.int32}[mode]))
    assert image.mode == mode
    picture = read_image(encoded(image, kind))
    np.testing.assert_array_equal(picture[..., 0], levels >> 8)
    # A darker neighbour changes nothing: the rule is the same in every picture.
    np.testing.assert_array_equal(read_image(encoded(image.crop((0, 0, 2, 2)), kind)), picture[:, :2])


def test_sixteen_bit_colours_follow_the_same_rule(rng: np.random.Generator) -> None:
    levels = rng.integers(0, 65536, (4, 5, 3), np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    np.testing.assert_array_equal(read_image(png(5, 4, 16, 2, rows)), levels >> 8)
    np.testing.assert_array_equal(read_image(levels), levels >> 8)


def test_a_tiff_of_twelve_bits_uses_its_whole_range() -> None:
    # Pillow does not write it: a little-endian TIFF with one strip of 2 × 1 pixels, 0xFFF and 0x123.
    tags = [(256, 2), (257, 1), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1), (279, 3)]
    fields = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    content = b"II*\0" + struct.pack("<I", 12) + b"\xff\xf1\x23\0"
    content += struct.pack("<H", len(tags)) + fields + bytes(4)
    np.testing.assert_array_equal(read_image(content)[0, :, 0], [0xFF, 0x12])


def test_float_levels_count_on_the_eight_bit_scale() -> None:
    levels = np.array([[-0.4, 0.4, 0.6, 254.4, 255.4]], np.float32)
    content = encoded(Image.fromarray(levels), "TIFF")
    np.testing.assert_array_equal(read_image(content)[0, :, 0], [0, 0, 1, 254, 255])


GREYS = np.array([[0, 80, 161, 255]])


@pytest.mark.parametrize(
    "levels",
    [
        np.full((2, 2), np.nan, np.float32),
        np.full((2, 2), -1, np.int32),
        np.array([[-3.0, 100.0]], np.float32),
        np.array([[0.0, 300.0]], np.float32),
        np.array([[0, 65536]], np.int32),
        # Small parts of the range, which would all be (nearly) black.
        (GREYS / 255).astype(np.float32),
        (GREYS * 4).astype(np.uint16),
        (GREYS * 16).astype(np.uint16),
        GREYS.astype(np.int32),
    ],
)
def test_levels_without_a_meaning_are_refused(levels: NDArray[np.generic]) -> None:
    with pytest.raises(ImageError, match=r"given bytes has levels .*: (save|scale)"):
        read_image(encoded(Image.fromarray(levels), "TIFF"))


def test_dark_levels_of_other_sources_are_refused_too(rng: np.random.Generator) -> None:
    levels = rng.integers(0, 4096, (4, 5, 3), np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    grey = Image.fromarray(levels[..., 0])
    for source in (png(5, 4, 16, 2, rows), levels, levels.astype(">u2"), grey, encoded(grey)):
        with pytest.raises(ImageError, match="nearly black"):
            read_image(source)


def test_black_is_black_whatever_its_range() -> None:
    for levels in (np.zeros((2, 3), np.uint16), np.zeros((2, 3), np.int32), np.zeros((2, 3), np.float32)):
        assert not read_image(encoded(Image.fromarray(levels), "TIFF")).any()
    assert not read_image(np.zeros((2, 3), np.uint16)).any()


def test_arrays_of_either_byte_order_are_the_same(rng: np.random.Generator) -> None:
    levels = rng.integers(0, 65536, (4, 5), np.uint16)
    np.testing.assert_array_equal(read_image(levels.astype(">u2")), read_image(levels))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_exif_turns_as_pillow_does(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(drawn("RGB", 16, 8), kind, exif=exif)
    with Image.open(io.BytesIO(content)) as image:
        expected = np.array(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(read_image(content), expected)
    assert expected.shape == ((8, 16, 3) if orientation < 5 else (16, 8, 3))


def test_exif_turns_a_pillow_image_and_a_mask_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "mask.png"
    path.write_bytes(encoded(drawn("1", 5, 3), exif=exif))
    with Image.open(path) as image:
        expected = np.array(ImageOps.exif_transpose(image))
        np.testing.assert_array_equal(read_image(image)[..., 0] > 0, expected)
    np.testing.assert_array_equal(read_mask(path), expected)


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0garbage", b"Exif\0\0", b"Exif\0\0XX", b"garbage"])
def test_a_damaged_exif_block_does_no_harm(exif: bytes) -> None:
    image = drawn("RGB")
    np.testing.assert_array_equal(
        read_image(encoded(image, "JPEG", exif=exif)), read_image(encoded(image, "JPEG"))
    )


@pytest.mark.parametrize(("kind", "word"), [("TIFF", "pages"), ("PNG", "frames"), ("WEBP", "frames")])
def test_several_frames_are_refused_since_one_would_be_seen(kind: str, word: str) -> None:
    first, second = drawn("RGB", seed=1), drawn("RGB", seed=2)
    content = encoded(first, kind, save_all=True, append_images=[second])
    with pytest.raises(ImageError, match=f"has 2 {word}, of which only the first"):
        read_image(content)
    assert read_image(encoded(first, kind, save_all=True)).shape == (6, 9, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3), (4, 5, 4), (1, 1), (1, 300, 3)])
def test_arrays(shape: tuple[int, ...], dtype: type, rng: np.random.Generator) -> None:
    array = rng.integers(0, np.iinfo(dtype).max, shape, dtype)
    picture = read_image(array)
    assert_is_picture(picture, shape[1], shape[0])
    levels = array >> 8 if dtype is np.uint16 else array
    np.testing.assert_array_equal(picture[..., 0], levels.reshape(*shape[:2], -1)[..., 0])
    assert not np.shares_memory(picture, array)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((4, 4), np.float32), "float32"),
        (np.zeros((4, 4), np.int64), "int64"),
        (np.zeros((4, 4), bool), "bool"),
        (np.zeros(4, np.uint8), "shape"),
        (np.zeros((4, 4, 2), np.uint8), "shape"),
        (np.zeros((3, 4, 4), np.uint8)[:, :, :0], "shape"),
        (np.zeros((2, 4, 4, 3), np.uint8), "shape"),
        (np.zeros((0, 4, 3), np.uint8), "shape"),
    ],
)
def test_other_arrays_are_refused(array: NDArray[np.generic], words: str) -> None:
    with pytest.raises(ImageError, match=rf"^The given array .*{words}.*\.$"):
        read_image(array)


def test_other_objects_are_refused() -> None:
    for source in (None, 7, [[1, 2]]):
        with pytest.raises(ImageError, match=r"is not a picture: give"):
            read_image(source)  # type: ignore[arg-type]


def test_files_that_are_no_pictures_name_themselves(tmp_path: Path) -> None:
    text, empty, pipe = tmp_path / "text.png", tmp_path / "empty.jpg", tmp_path / "pipe.png"
    text.write_text("not a picture")
    empty.touch()
    os.mkfifo(pipe)
    cases = {
        text: "is not a PNG",
        empty: "is empty",
        tmp_path: "is a folder",
        pipe: "device",
        tmp_path / "gone.png": "does not exist",
        tmp_path / ("long" * 100): "cannot be opened",
    }
    for path, words in cases.items():
        with pytest.raises(ImageError) as caught:
            read_image(path)
        message = str(caught.value)
        assert words in message
        assert str(path) in message
        assert message.endswith(".")
        assert "\n" not in message


@pytest.mark.parametrize("kind", ["GIF", "PPM", "TGA", "ICO", "EPS"])
def test_other_decoders_never_run(kind: str) -> None:
    with pytest.raises(ImageError, match="given bytes is not a PNG"):
        read_image(encoded(drawn("RGB"), kind))


@pytest.mark.parametrize(("kind", "mode", "options"), [saved for saved in SAVED if saved[0] != "PNG"])
def test_a_file_cut_short_is_refused(
    kind: str, mode: str, options: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "cut.png"
    content = encoded(drawn(mode, 64, 64), kind, **options)
    for part in (0.1, 0.5, 0.9):
        path.write_bytes(content[: int(part * len(content))])
        with pytest.raises(ImageError, match=r"cut\.png"):
            read_image(path)


@given(
    case=st.sampled_from(SAVED),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=12),
    cut=st.one_of(st.none(), st.integers(0, 2000)),
)
@settings(max_examples=600, deadline=None)
def test_damaged_bytes_are_read_or_refused(
    case: tuple[str, str, dict[str, object]], changes: list[tuple[int, int]], cut: int | None
) -> None:
    kind, mode, options = case
    content = bytearray(encoded(drawn(mode), kind, **options))
    for place, value in changes:
        content[place % len(content)] = value
    with contextlib.suppress(ImageError):
        picture = read_image(bytes(content[:cut]), max_pixels=1_000_000)
        assert_is_picture(picture, picture.shape[1], picture.shape[0])


def test_a_picture_too_large_is_refused_by_its_header() -> None:
    # The header alone says so; there are no pixels that could be decoded.
    bomb = png(40_000, 40_000, 8, 2)
    with pytest.raises(ImageTooLargeError, match=r"40000 × 40000 pixels, more than .* 100,000,000"):
        read_image(bomb)
    assert MAX_PIXELS == 100_000_000
    with pytest.raises(ImageError, match="cannot be decoded"):
        read_image(bomb, max_pixels=40_000**2)
    for source in (drawn("L", 10, 11), encoded(drawn("L", 10, 11), "WEBP"), np.zeros((11, 10), np.uint8)):
        with pytest.raises(ImageTooLargeError, match=r"10 × 11 pixels"):
            read_image(source, max_pixels=109)
        assert read_image(source, max_pixels=110).shape == (11, 10, 3)


def test_a_picture_that_is_all_length_is_refused() -> None:
    for size in ((5_000_000, 1), (1, 5_000_000), (3001, 3)):
        with pytest.raises(ImageTooLargeError, match="longer than 1,000 : 1"):
            read_image(png(*size, 8, 0))
    assert read_image(np.zeros((1, 1000), np.uint8)).shape == (1, 1000, 3)


def test_the_limit_of_the_process_can_be_set() -> None:
    source = np.zeros((11, 10), np.uint8)
    try:
        set_max_pixels(109)
        with pytest.raises(ImageTooLargeError, match=r"--max-pixels"):
            read_image(source)
        assert read_image(source, max_pixels=110).shape == (11, 10, 3)
        set_max_pixels(110)
        assert read_image(source).shape == (11, 10, 3)
    finally:
        set_max_pixels(MAX_PIXELS)


def test_a_larger_limit_outdoes_that_of_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert read_image(encoded(drawn("RGB"))).shape == (6, 9, 3)


def test_a_pillow_image_stays_as_it_was() -> None:
    image = drawn("RGBA")
    before = image.tobytes()
    read_image(image)[:] = 0
    assert (image.mode, image.tobytes()) == ("RGBA", before)


def test_nothing_is_said_by_pillow_and_other_warnings_pass() -> None:
    noisy = encoded(drawn("RGB"), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x09\0garbage")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        with Image.open(io.BytesIO(noisy)) as image:
            image.getexif()
        assert caught, "the picture was to make Pillow warn"
        caught.clear()
        read_image(noisy)
        assert not caught
        assert list(warnings.filters) == before
        warnings.warn("mine", stacklevel=1)
        assert len(caught) == 1


def test_threads_agree_and_leave_the_filters_alone() -> None:
    contents = [encoded(drawn("RGB", seed=i), "JPEG", exif=b"Exif\0\0II*\0garbage") for i in range(8)]
    expected = [read_image(content) for content in contents]
    before = list(warnings.filters)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for content, picture in zip(contents * 10, expected * 10, strict=True):
                np.testing.assert_array_equal(read_image(content), picture)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert list(warnings.filters) == before


def test_reading_prints_nothing(tmp_path: Path) -> None:
    # In a process of its own: Python's last logging handler writes past pytest's capture. Compressed TIFF
    # is left out: libtiff prints what is wrong with damaged bytes, and nothing but its own switch stops it.
    for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP"):
        content = encoded(drawn("RGB", 64, 64), kind)
        for i in range(10):
            damaged = bytearray(content)
            damaged[len(content) * i // 10 : len(content) * i // 10 + 9] = b"\xff" * 9
            (tmp_path / f"{i}.{kind}").write_bytes(damaged)
    code = """
import pathlib, sys
from flawflow.errors import ImageError
from flawflow.images import read_image
refused = 0
for path in pathlib.Path(sys.argv[1]).iterdir():
    try:
        read_image(path)
    except ImageError:
        refused += 1
assert refused > 10
assert "torch" not in sys.modules
"""
    ran = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, check=True)
    assert (ran.stdout, ran.stderr) == (b"", b"")


def write_mask(path: Path, defect: NDArray[np.bool_], kind: str) -> None:
    levels = defect.astype(np.uint8)
    if kind == "palette of a hot background":  # index 0 is white, index 1 black: the colour counts
        image = Image.fromarray(1 - levels).convert("P")
        image.putpalette([255, 255, 255, 0, 0, 0])
    elif kind == "palette":
        image = Image.fromarray(levels).convert("P")
        image.putpalette([0, 0, 0, 128, 0, 0])
    elif kind == "colour":
        image = Image.fromarray(np.stack([levels * 0, levels * 0, levels], axis=2))
    elif kind == "alpha":
        image = Image.merge("LA", [Image.fromarray(levels), Image.new("L", defect.shape[::-1], 255)])
    elif kind == "one bit":
        image = Image.fromarray(defect)
    elif kind == "sixteen bits":
        image = Image.fromarray(levels.astype(np.uint16))
    else:
        image = Image.fromarray(levels * np.uint8(kind))
    image.save(path)


@pytest.mark.parametrize(
    "kind",
    ["1", "7", "255", "one bit", "sixteen bits", "palette", "palette of a hot background", "colour", "alpha"],
)
def test_masks_of_every_kind_mean_the_same(kind: str, tmp_path: Path, rng: np.random.Generator) -> None:
    defect = rng.random((6, 9)) > 0.5
    write_mask(tmp_path / "mask.png", defect, kind)
    mask = read_mask(tmp_path / "mask.png")
    assert mask.dtype == np.bool_
    np.testing.assert_array_equal(mask, defect)


@pytest.mark.parametrize(
    ("kind", "options"), [("JPEG", {}), ("WEBP", {"quality": 80}), ("TIFF", {"compression": "jpeg"})]
)
def test_a_mask_that_was_compressed_with_loss_has_no_halo(kind: str, options: dict[str, object]) -> None:
    defect = np.zeros((32, 32), bool)
    defect[5:19, 7:22] = True
    levels = Image.fromarray(defect.astype(np.uint8) * np.uint8(255))
    np.testing.assert_array_equal(read_mask(encoded(levels, kind, **options)), defect)
    alpha = Image.merge("RGBA", [levels] * 4)
    if kind == "WEBP":
        np.testing.assert_array_equal(read_mask(encoded(alpha, kind, **options)), defect)
        # Without loss a level of 1 is a defect, as in PNG.
        ones = Image.fromarray(defect.astype(np.uint8)).convert("RGB")
        np.testing.assert_array_equal(read_mask(encoded(ones, kind, lossless=True)), defect)


@pytest.mark.parametrize("paint", [(255, 255, 255), (255, 0, 0), (0, 0, 0)])
def test_a_mask_that_is_painted_on_a_transparent_layer(paint: tuple[int, int, int]) -> None:
    levels = np.full((64, 64, 4), (*paint, 0), np.uint8)
    levels[20:30, 5:45, 3] = 255
    assert read_mask(encoded(Image.fromarray(levels))).sum() == 400
    # One alpha for all pixels says nothing: many frame grabbers fill it with 0.
    for alpha in (0, 255):
        levels[..., 3] = alpha
        assert read_mask(encoded(Image.fromarray(levels))).sum() == (64 * 64 if any(paint) else 0)


def test_white_on_black_stays_so_where_some_is_transparent() -> None:
    levels = np.zeros((64, 64, 4), np.uint8)
    levels[..., 3] = 255
    levels[:10] = 0
    levels[20:30, 5:45, :3] = 255
    assert read_mask(encoded(Image.fromarray(levels))).sum() == 400


def test_a_mask_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"gone\.png does not exist"):
        read_mask(tmp_path / "gone.png")


def test_real_pictures_and_masks_fit(shared_data: Path) -> None:
    bottle = shared_data / "mvtec" / "bottle"
    picture_path = next(iter(sorted((bottle / "test" / "broken_large").iterdir())))
    mask_path = bottle / "ground_truth" / "broken_large" / f"{picture_path.stem}_mask.png"
    picture, mask = read_image(picture_path), read_mask(mask_path)
    assert picture.shape == (512, 512, 3)
    assert mask.shape == (512, 512)
    assert 0 < mask.mean() < 0.5
