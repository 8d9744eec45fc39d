"""Answers that are pictures: cached ones are not sent again, and a large one is never whole in memory."""

import os
from collections.abc import Iterator
from typing import BinaryIO

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from flawflow.server.images import media_type

_PART_BYTES = 1 << 18


def tagged(tag: str) -> dict[str, str]:
    """Headers of a picture that never changes; it is asked for again so that the token is, too."""
    return {"cache-control": "private, no-cache", "content-disposition": "inline", "etag": f'"{tag}"'}


def has_already(request: Request, tag: str) -> bool:
    """Whether who asks has this picture."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or f'"{tag}"' in (
        each.strip().removeprefix("W/") for each in given.split(",")
    )


def unchanged(tag: str) -> Response:
    """Say that it is the same."""
    return Response(status_code=304, headers=tagged(tag))


def image(file: BinaryIO, tag: str) -> Response:
    """Give an open file, which is closed when it is sent."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    first = file.read(_PART_BYTES)
    headers, kind = tagged(tag), media_type(first)
    if size <= len(first):
        file.close()
        return Response(first, media_type=kind, headers=headers)
    headers["content-length"] = str(size)
    return StreamingResponse(_parts(first, file), media_type=kind, headers=headers)


def _parts(first: bytes, file: BinaryIO) -> Iterator[bytes]:
    with file:
        yield first
        while part := file.read(_PART_BYTES):
            yield part
