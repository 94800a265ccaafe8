"""Uploads: in one go, with their description, or resumable in chunks.

A resumable upload has one price, charged when it starts; its chunks and status questions are free.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ytquota.sandbox import multipart, schemas
from ytquota.sandbox.api_errors import ApiError
from ytquota.sandbox.wire import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.sandbox.state import Call

_CHUNK = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
_KEPT = frozenset({"captions.insert", "captions.update"})  # downloads give these back


@dataclass
class Session:
    """One resumable upload under way."""

    call: Call
    received: int = 0
    content: bytearray = field(default_factory=bytearray)
    answer: Answer | None = None

    def take(self, start: int, chunk: bytes) -> None:
        """Append a chunk; bytes that came before are skipped."""
        if start > self.received:
            raise ApiError(400, "badRequest", f"Expected the chunk to start at byte {self.received}.")
        fresh = chunk[self.received - start :]
        self.received += len(fresh)
        if self.call.method.name in _KEPT:
            self.content += fresh


class Uploads:
    """Takes uploads apart; `work` is what runs the method once all content is there."""

    def __init__(self, work: Callable[[Call], Answer]) -> None:
        self._work = work
        self._sessions: dict[str, Session] = {}

    def begin(self, call: Call) -> Answer:
        """Handle a call that came by an upload address."""
        protocol = call.request.one("uploadType") or call.request.one("upload_protocol")
        if protocol == "resumable":
            return self._open(call)
        content_type = call.request.headers.get("content-type", "")
        if content_type.startswith("multipart/"):
            parts = multipart.split(content_type, call.request.body)
            call.raw_document = multipart.content(parts[0])
            call.media = multipart.content(parts[-1])
        else:
            call.raw_document, call.media = b"", call.request.body
        return self._work(call)

    def find(self, request: Request) -> Session | None:
        """The session that a request belongs to, if it names one that exists."""
        return self._sessions.get(request.one("upload_id"))

    def proceed(self, session: Session, request: Request) -> Answer:
        """Take a chunk, or tell how far the upload has come."""
        if session.answer is not None:
            return session.answer
        match = _CHUNK.fullmatch(request.headers.get("content-range", ""))
        if match is None:
            session.take(0, request.body)
            return self._finish(session)
        start, _, total = match.groups()
        if start is not None:
            session.take(int(start), request.body)
        if total != "*" and session.received >= int(total):
            return self._finish(session)
        return _unfinished(session)

    def _open(self, call: Call) -> Answer:
        call.raw_document = call.request.body
        _ = call.document  # a description that is no JSON is refused before any content is sent
        ident = schemas.identify("upload", len(self._sessions), call.request.base)
        self._sessions[ident] = Session(call)
        query = urlencode({"uploadType": "resumable", "upload_id": ident})
        place = f"{call.request.base}{call.request.path}?{query}"
        headers = (("location", place), ("x-guploader-uploadid", ident))
        return Answer(200, b"", "text/plain; charset=utf-8", headers)

    def _finish(self, session: Session) -> Answer:
        session.call.media = bytes(session.content)
        session.answer = self._work(session.call)
        session.content = bytearray()
        return session.answer


def is_question(request: Request) -> bool:
    """Whether a request to an upload session only asks how far it has come."""
    return request.headers.get("content-range", "").startswith("bytes */")


def _unfinished(session: Session) -> Answer:
    got = (("range", f"bytes=0-{session.received - 1}"),) if session.received else ()
    return Answer(308, b"", "text/plain; charset=utf-8", got)
