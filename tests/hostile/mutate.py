"""Ways to damage a file, each from a generator of chances, so that a seed repeats it."""

import random
import struct
import zlib

_SPECIAL = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF)
_NUMBERS = (0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 60000)
_HEADER = 160


def flip(content: bytes, dice: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    return bytes(damaged)


def overwrite(content: bytes, dice: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(dice.randint(1, 6)):
        damaged[dice.randrange(len(damaged))] = dice.choice(_SPECIAL)
    return bytes(damaged)


def truncate(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content))]


def cut_out(content: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(content))
    return content[:start] + content[start + dice.randint(1, 200) :]


def repeat(content: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(content))
    piece = content[start : start + dice.randint(1, 200)]
    return content[:start] + piece * dice.randint(2, 40) + content[start:]


def append(content: bytes, dice: random.Random) -> bytes:
    return content + dice.randbytes(dice.randint(1, 500))


def edit_header(content: bytes, dice: random.Random) -> bytes:
    """Put a number of note, of 2 or 4 bytes and either order, somewhere into the first bytes."""
    damaged = bytearray(content)
    for _ in range(dice.randint(1, 3)):
        place = dice.randrange(min(len(damaged), _HEADER))
        form = dice.choice(("<H", ">H", "<I", ">I"))
        number = dice.choice(_NUMBERS) & (0xFFFF if form[1] == "H" else 0xFFFFFFFF)
        damaged[place : place + struct.calcsize(form)] = struct.pack(form, number)
    return bytes(damaged)


def splice(content: bytes, dice: random.Random, other: bytes) -> bytes:
    """The beginning of one file and the end of another."""
    return content[: dice.randrange(len(content))] + other[dice.randrange(len(other)) :]


WAYS = (flip, overwrite, truncate, cut_out, repeat, append, edit_header, edit_header)


def mutate(content: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    """Damage a file in one to three ways; half of the PNGs get checksums that fit again."""
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        if not content:
            break
        if dice.random() < 0.15:
            content = splice(content, dice, dice.choice(others))
        else:
            content = dice.choice(WAYS)(content, dice)
    return with_checksums(content) if dice.random() < 0.5 else content


def with_checksums(content: bytes) -> bytes:
    """Make every checksum of a PNG fit, so that damage gets past the first gate; others stay as they are."""
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return content
    fixed, place = bytearray(content), 8
    while place + 12 <= len(fixed):
        length = int.from_bytes(fixed[place : place + 4], "big")
        end = place + 8 + length
        if end + 4 > len(fixed):
            break
        fixed[end : end + 4] = zlib.crc32(fixed[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(fixed)
