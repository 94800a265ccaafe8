"""Batches as they travel: many requests in one multipart body, many answers in another."""

from __future__ import annotations

from email.parser import HeaderParser, Parser
from typing import TYPE_CHECKING, Any, NamedTuple

import httplib2

from ytquota.service.routes import Wire, read_wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message

_BOUNDARY = "answers_given_before"


class Part(NamedTuple):
    """One request inside a batch, under the id that its answer will carry."""

    id: str
    wire: Wire


class PartAnswer(NamedTuple):
    """One answer inside a batch's answer; `raw` is its status line, headers and body as received."""

    status: int
    body: bytes
    raw: str


def read_parts(body: Any, content_type: str) -> list[Part]:
    """Take an outgoing batch apart."""
    return [Part(_id_of(message), _request(_text(message))) for message in _messages(body, content_type)]


def read_answers(content: bytes, content_type: str) -> dict[str, PartAnswer]:
    """Take a batch's answer apart, by the id of the request; what cannot be read is left out."""
    return {
        _id_of(message): answer
        for message in _messages(content, content_type)
        if (answer := _answer(_text(message)))
    }


def compose(answers: Mapping[str, PartAnswer]) -> tuple[httplib2.Response, bytes]:
    """Put answers together again, as the server would send them."""
    head = f"--{_BOUNDARY}\r\nContent-Type: application/http\r\n"
    lines = [f"{head}Content-ID: <response-{id_}>\r\n\r\n{answer.raw}\r\n" for id_, answer in answers.items()]
    content_type = f'multipart/mixed; boundary="{_BOUNDARY}"'
    response = httplib2.Response({"status": "200", "content-type": content_type})
    return response, ("".join(lines) + f"--{_BOUNDARY}--\r\n").encode()


def _messages(body: Any, content_type: str) -> Iterator[Message]:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    whole = Parser().parsestr(f"content-type: {content_type}\n\n{text}")
    if whole.is_multipart():
        yield from whole.get_payload()  # type: ignore[misc]


def _text(message: Message) -> str:
    return str(message.get_payload())


def _id_of(message: Message) -> str:
    id_ = " ".join(str(message.get("Content-ID", "")).split())  # long headers come folded
    return id_.strip("<>").removeprefix("response-")


def _request(text: str) -> Wire:
    line, _, rest = text.partition("\n")
    verb, _, address = line.strip().rpartition(" ")[0].partition(" ")
    headers = HeaderParser().parsestr(rest)
    return read_wire(address, verb, headers.get_payload(), dict(headers.items()))


def _answer(text: str) -> PartAnswer | None:
    line, _, rest = text.partition("\n")
    fields = line.split(None, 2)
    if len(fields) < 2 or not fields[1].isdecimal():  # noqa: PLR2004 - "HTTP/1.1 200"
        return None
    _, blank, body = rest.partition("\r\n\r\n")
    if not blank:
        _, _, body = rest.partition("\n\n")
    return PartAnswer(int(fields[1]), body.encode(), text)
