"""The ASGI application: calls go straight to the API, the few pages for people through Starlette."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette

from ytquota.sandbox.api import Api
from ytquota.sandbox.google_apis import GoogleApis
from ytquota.sandbox.oauth import OAuth
from ytquota.sandbox.pages import routes
from ytquota.sandbox.tokens import ADDRESSES, TokenAddress
from ytquota.sandbox.wire import Answer, Request

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from ytquota.sandbox.clock import SandboxClock
    from ytquota.sandbox.state import State

_API = ("/youtube/", "/upload/", "/resumable/", "/batch")
_GOOGLE = ("/v3/projects/", "/v1/projects/")
_RESET = struct.pack("ii", 1, 0)  # linger for 0 s: close with RST


class Front:
    """Takes every request."""

    def __init__(self, state: State) -> None:
        oauth = OAuth(state.accounts, state.access)
        self._clock = state.clock
        self._api = Api(state)
        self._google = GoogleApis(state)
        self._tokens = TokenAddress(state, oauth)
        self._pages = Starlette(routes=routes(state, oauth))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        send = _dated(send, self._clock)
        path = scope["path"]
        if path.startswith(_API):
            handle = self._api.answer
        elif path.startswith(_GOOGLE):
            handle = self._google.answer
        elif path in ADDRESSES:
            handle = self._tokens.answer
        else:
            await self._pages(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            return  # the caller went away before it had finished asking
        answer = handle(_request(scope, body))
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if answer.drop:
            await _reset(scope, receive)
        else:
            await _send(answer, send)


def _dated(send: Send, clock: SandboxClock) -> Send:
    """Tell the sandbox's time in each answer, as Google tells its own."""

    async def dated(message: Message) -> None:
        if message["type"] == "http.response.start":
            date = formatdate(clock.time(), usegmt=True).encode()
            message["headers"] = [*message.get("headers", ()), (b"date", date)]
        await send(message)

    return dated


def _request(scope: Scope, body: bytes) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    base = f"{scope['scheme']}://{headers.get('host', '')}"
    return Request(
        scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers, body, base
    )


async def _body(receive: Receive) -> bytes | None:
    chunks = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(chunks)


async def _send(answer: Answer, send: Send) -> None:
    headers: list[tuple[bytes, bytes]] = []
    if answer.status not in (204, 304):
        headers.append((b"content-type", answer.content_type.encode()))
        headers.append((b"content-length", b"%d" % len(answer.body)))
    headers += [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _reset(scope: Scope, receive: Receive) -> None:
    transport: Any = scope["state"]["transport"]
    with contextlib.suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
