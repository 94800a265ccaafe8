"""Bodies of several parts: batches and uploads that carry their description along."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesParser

from ytquota.sandbox.api_errors import ApiError


def split(content_type: str, body: bytes) -> list[Message]:
    """The parts of a `multipart/...` body.

    Raises:
        ApiError: it is none.
    """
    head = b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n"
    whole = BytesParser().parsebytes(head + body)
    parts = whole.get_payload()
    if not isinstance(parts, list) or not parts:
        raise ApiError(
            400, "badRequest", "Failed to parse the multipart request: no parts found.", charged=False
        )
    return [part for part in parts if isinstance(part, Message)]


def content(part: Message) -> bytes:
    """A part's body as it was sent."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
