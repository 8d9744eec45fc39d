"""Damaged picture files: a picture or one sentence, whatever the damage."""

import importlib.util
import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flawflow.errors import ImageError
from flawflow.images import read_image, read_mask
from flawflow.inspection import Failure, Inspection, Inspector


def _beside(name):
    # Tests are imported one by one (import mode importlib), so a neighbour is fetched by its place.
    spec = importlib.util.spec_from_file_location(f"hostile_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


mutate = _beside("mutate").mutate

# Enough for the seeds; a mutated header that claims more is refused before it costs anything.
MAX_PIXELS = 1_000_000


def _saved(levels, form, mode=None, **options):
    stream = io.BytesIO()
    image = Image.fromarray(levels)
    (image.convert(mode) if mode else image).save(stream, form, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def seeds():
    """Small pictures of every format, mode and compression that cameras write."""
    rng = np.random.default_rng(8)
    smooth = np.add.outer(np.arange(40), np.arange(56)).astype(np.uint8)
    colour = np.stack([smooth, smooth[::-1], rng.integers(0, 255, smooth.shape, np.uint8)], axis=2)
    alpha = np.dstack([colour, smooth])
    deep = smooth.astype(np.uint16) * 600
    real = smooth.astype(np.float32) / 3
    exif = Image.Exif()
    exif[0x0112] = 6
    files = [
        _saved(smooth, "PNG"), _saved(colour, "PNG", exif=exif), _saved(alpha, "PNG"),
        _saved(deep, "PNG"), _saved(colour, "PNG", "P"), _saved(smooth, "PNG", "1"),
        _saved(colour, "JPEG", exif=exif), _saved(colour, "JPEG", progressive=True),
        _saved(smooth, "JPEG"), _saved(colour, "JPEG", "CMYK"),
        _saved(colour, "BMP"), _saved(smooth, "BMP"), _saved(smooth, "BMP", "1"),
        _saved(colour, "WEBP", exif=exif), _saved(alpha, "WEBP", lossless=True),
        _run_length_bmp(smooth),
        *(
            _saved(levels, "TIFF", compression=compression)
            for levels in (colour, deep, smooth)
            for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")
        ),
        _saved(real, "TIFF"), _saved(smooth, "TIFF", "1", compression="group4"),
        _saved(colour, "TIFF", compression="jpeg"), _saved(colour, "TIFF", "LAB"),
        _saved(deep, "TIFF", big_tiff=True),
    ]  # fmt: skip
    for content in files:
        assert read_image(content).shape[2] == 3
    return files


def _run_length_bmp(levels):
    plain = bytearray(_saved(levels, "BMP"))
    start = int.from_bytes(plain[10:14], "little")
    rows = b"".join(b"".join(bytes((1, level)) for level in row) + b"\0\0" for row in levels[::-1])
    plain[30:34] = (1).to_bytes(4, "little")
    return bytes(plain[:start]) + rows + b"\0\1"


def _mutants(seeds, count, seed):
    """Give (number, content); each number repeats alone, whatever the others were."""
    for number in range(count):
        dice = random.Random(f"{seed}/{number}")
        yield number, mutate(seeds[number % len(seeds)], dice, seeds)


def test_mutated_pictures_give_pixels_or_one_sentence(seeds, fuzz_count, fuzz_seed, is_sentence, capfd):
    read = 0
    for number, content in _mutants(seeds, fuzz_count, fuzz_seed):
        try:
            try:
                picture = read_image(content, max_pixels=MAX_PIXELS)
            except ImageError as error:
                is_sentence(error)
                continue
            assert picture.dtype == np.uint8
            assert picture.ndim == 3
            assert picture.shape[2] == 3
            assert 0 < picture.size <= 3 * MAX_PIXELS
            read += 1
        except BaseException as error:
            error.add_note(f"mutant {number} of FLAWFLOW_FUZZ_SEED={fuzz_seed}")
            raise
    # Damage that always shows, or never, would mean that the mutations are blunt.
    assert fuzz_count // 50 < read < fuzz_count - fuzz_count // 50
    assert capfd.readouterr() == ("", "")


def test_mutated_masks_give_a_mask_or_one_sentence(seeds, fuzz_count, fuzz_seed, tmp_path, is_sentence):
    path = tmp_path / "mask.png"
    for number, content in _mutants(seeds, fuzz_count // 4, fuzz_seed + 1):
        path.write_bytes(content)
        try:
            mask = read_mask(path, max_pixels=MAX_PIXELS)
        except ImageError as error:
            is_sentence(error)
            named = str(error).startswith(str(path))
            assert named, number
        else:
            assert (mask.dtype, mask.ndim) == (np.bool_, 2), number


def test_noise_behind_every_signature(dice, is_sentence):
    starts = (
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"BM",
        b"II*\0",
        b"MM\0*",
        b"II+\0",
        b"MM\0+",
        b"RIFF....WEBPVP8",
    )
    for _ in range(40):
        for start in (*starts, b""):
            with pytest.raises(ImageError) as caught:
                read_image(start + dice.randbytes(dice.randrange(300)), max_pixels=MAX_PIXELS)
            is_sentence(caught.value)


def test_damaged_pictures_are_recorded_beside_good_results(seeds, tiny_model, tmp_path, fuzz_seed):
    paths = []
    for number, content in _mutants(seeds, 120, fuzz_seed + 2):
        paths.append(tmp_path / f"{number:03}.png")
        paths[-1].write_bytes(seeds[0] if number % 3 == 0 else content)
    outcomes = list(Inspector.load(tiny_model).inspect_many(paths))
    assert [outcome.path for outcome in outcomes] == paths
    assert all(isinstance(outcome, Inspection) for outcome in outcomes[::3])
    assert any(isinstance(outcome, Failure) for outcome in outcomes)
    # What stands beside a picture never changes its score.
    assert len({outcome.score for outcome in outcomes[::3]}) == 1


@pytest.mark.parametrize(
    "name",
    [
        "\0",
        "a\0b.png",
        "x" * 300,
        "x/" * 9000 + "y",
        "\ud800.png",
        "a\nb.png",
        "",
        ".",
        "/dev/zero",
        "\udcff",
    ],
)
def test_odd_paths_are_named_in_one_sentence(tmp_path, name, is_sentence):
    for read in (read_image, read_mask):
        with pytest.raises(ImageError) as caught:
            read(name)
        is_sentence(str(caught.value).encode("ascii", "replace").decode())


@pytest.mark.parametrize(
    "array",
    [np.zeros(shape, np.uint8) for shape in ((), 9, (0, 5), (3, 3, 7), (2, 2, 2, 3))] + [np.zeros((3, 3))],
)
def test_odd_arrays_are_refused(array, is_sentence):
    with pytest.raises(ImageError) as caught:
        read_image(array)
    is_sentence(caught.value)
