"""Batches: many calls in one request, each answered and charged on its own."""

from __future__ import annotations

from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ytquota.sandbox import multipart
from ytquota.sandbox.wire import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message

_boundaries = count(1)
_INHERITED = ("authorization", "x-goog-api-key")


def answer(request: Request, handle: Callable[[Request], Answer]) -> Answer:
    """Answer every part with `handle`; a dropped part takes the whole connection down.

    Raises:
        ApiError: the body is no batch.
    """
    parts = multipart.split(request.headers.get("content-type", ""), request.body)
    pairs = [(part, handle(_inner(part, request))) for part in parts]
    boundary = f"batch_sandbox_{next(_boundaries)}"
    body = b"".join(_frame(part, result, boundary) for part, result in pairs) + f"--{boundary}--\r\n".encode()
    return Answer(
        200,
        body,
        f"multipart/mixed; boundary={boundary}",
        delay=max(result.delay for _, result in pairs),
        drop=any(result.drop for _, result in pairs),
    )


def _inner(part: Message, outer: Request) -> Request:
    head, _, body = multipart.content(part).replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    verb, _, rest = first.strip().partition(" ")
    target = urlsplit(rest.rpartition(" HTTP/")[0] or rest)
    headers = {name: outer.headers[name] for name in _INHERITED if name in outer.headers}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return Request(verb, unquote(target.path), target.query, headers, body, outer.base)


def _frame(part: Message, result: Answer, boundary: str) -> bytes:
    phrase = HTTPStatus(result.status).phrase if result.status in HTTPStatus._value2member_map_ else ""
    lines = [f"--{boundary}", "Content-Type: application/http"]
    ident = part.get("Content-ID")
    if ident:
        lines.append(f"Content-ID: <response-{ident.strip().removeprefix('<')}")
    lines += ["", f"HTTP/1.1 {result.status} {phrase}"]
    if result.body:
        lines.append(f"Content-Type: {result.content_type}")
    lines += [f"{name}: {value}" for name, value in result.headers]
    lines += [f"Content-Length: {len(result.body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + result.body + b"\r\n"
