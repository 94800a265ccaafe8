"""Live chats: messages that keep coming as the clock moves, and those that callers post."""

from __future__ import annotations

import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ytquota.sandbox import schemas
from ytquota.sandbox.api_errors import ApiError, missing_parameter, not_found
from ytquota.sandbox.clock import SandboxClock, rfc3339
from ytquota.sandbox.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.sandbox.resources import Resources
    from ytquota.sandbox.state import Call

_SCHEMA = "LiveChatMessage"
_POLL_AFTER = 2000  # milliseconds
_BACKLOG = 75  # messages that a first look shows
_MOST = 500
_MEMORY = 2_000  # messages that a chat can look back on


class Chats:
    """Answers chat calls.

    A chat whose id begins with `ended` or `disabled` is refused as such; `missing` is not there.
    """

    def __init__(self, resources: Resources, clock: SandboxClock) -> None:
        self._resources = resources
        self._clock = clock
        self._posted: dict[str, list[tuple[float, dict[str, Any]]]] = {}
        self._made = lru_cache(maxsize=20_000)(self._make)

    def look(self, call: Call) -> Answer:
        """liveChatMessages.list: what came since the page token, or the latest."""
        body = self._news(call)
        return Answer.json(200, body, (("etag", f'"{body["etag"]}"'),))

    def stream(self, call: Call) -> Answer:
        """liveChatMessages.streamList: a JSON array of list answers, closed after the first."""
        if not call.request.one("liveChatId"):
            raise missing_parameter("liveChatId")
        return Answer.json(200, [self._news(call)])

    def insert(self, call: Call) -> Answer:
        """liveChatMessages.insert: the caller says something."""
        snippet = call.document.get("snippet", {})
        chat, text = snippet.get("liveChatId"), snippet.get("textMessageDetails", {}).get("messageText")
        if not chat or not text:
            raise missing_parameter(
                "snippet.liveChatId" if not chat else "snippet.textMessageDetails.messageText"
            )
        _check_open(chat)
        now = self._clock.time()
        posted = self._posted.setdefault(chat, [])
        ident = self._resources.new_id(_SCHEMA, chat, "posted", len(posted))
        message = _message(ident, chat, now, text, call.caller.channel or "")
        posted.append((now, message))
        return Answer.json(200, _only(message, call.parts))

    def _news(self, call: Call) -> dict[str, Any]:
        chat = call.request.one("liveChatId")
        _check_open(chat)
        since = _moment(call.request.one("pageToken"))
        most = int(call.request.one("maxResults") or _MOST)
        now = self._clock.time()
        found = self._between(chat, since, now)
        shown = found[:most] if since is not None else found[-min(_BACKLOG, most) :]
        until = shown[-1][0] if len(shown) < len(found) and since is not None else now
        items = [_only(message, call.parts) for _, message in shown if self._there(message)]
        return {
            "kind": "youtube#liveChatMessageListResponse",
            "etag": schemas.identify("etag", chat, until),
            "pollingIntervalMillis": _POLL_AFTER,
            "pageInfo": {"totalResults": len(items), "resultsPerPage": len(items)},
            "nextPageToken": urlsafe_b64encode(repr(until).encode()).decode().rstrip("="),
            "items": items,
        }

    def _between(self, chat: str, since: float | None, until: float) -> list[tuple[float, dict[str, Any]]]:
        period = 1.5 + self._resources.seeded("chat", chat) % 4000 / 1000
        look_back = _BACKLOG * period if since is None else min(until - since, _MEMORY * period)
        first = int((until - look_back) / period)
        made = (self._made(chat, index, period) for index in range(first, int(until / period) + 1))
        both = [*made, *self._posted.get(chat, ())]
        found = [one for one in both if one[0] <= until and (since is None or one[0] > since)]
        return sorted(found, key=lambda one: one[0])

    def _make(self, chat: str, index: int, period: float) -> tuple[float, dict[str, Any]]:
        rng = random.Random(f"{self._resources.seeded(chat)} {index}")  # noqa: S311 plausible, not secret
        at = (index + rng.random()) * period
        author = schemas.identify("Channel", chat, rng.randint(1, 40))
        ident = self._resources.new_id(_SCHEMA, chat, index)
        return at, _message(ident, chat, at, schemas.words(rng, 2, 9), author)

    def _there(self, message: dict[str, Any]) -> bool:
        return self._resources.get(_SCHEMA, message["id"], ()) is not None


def handlers(resources: Resources, clock: SandboxClock) -> dict[str, Callable[[Call], Answer]]:
    """Method name -> handler."""
    chats = Chats(resources, clock)
    return {
        "liveChatMessages.list": chats.look,
        "liveChatMessages.streamList": chats.stream,
        "liveChatMessages.insert": chats.insert,
    }


def _message(ident: str, chat: str, at: float, text: str, author: str) -> dict[str, Any]:
    name = schemas.words(random.Random(author), 2, 2).title()  # noqa: S311 plausible, not secret
    return {
        "kind": "youtube#liveChatMessage",
        "etag": schemas.identify("etag", ident),
        "id": ident,
        "snippet": {
            "type": "textMessageEvent",
            "liveChatId": chat,
            "authorChannelId": author,
            "publishedAt": rfc3339(at),
            "hasDisplayContent": True,
            "displayMessage": text,
            "textMessageDetails": {"messageText": text},
        },
        "authorDetails": {
            "channelId": author,
            "channelUrl": f"http://www.youtube.com/channel/{author}",
            "displayName": name,
            "profileImageUrl": "https://example.com/face.png",
            "isVerified": False,
            "isChatOwner": False,
            "isChatSponsor": False,
            "isChatModerator": False,
        },
    }


def _only(message: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    wanted = {"kind", "etag", "id", *(parts or ("snippet",))}
    return {name: value for name, value in message.items() if name in wanted}


def _check_open(chat: str) -> None:
    if chat.startswith("missing"):
        raise not_found("live chat", "liveChatNotFound")
    if chat.startswith("ended"):
        raise ApiError(403, "liveChatEnded", "The live chat is no longer live.", domain="youtube.liveChat")
    if chat.startswith("disabled"):
        message = "Live chat is not enabled for the specified broadcast."
        raise ApiError(403, "liveChatDisabled", message, domain="youtube.liveChat")


def _moment(token: str) -> float | None:
    if not token:
        return None
    try:
        return float(urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    except ValueError:
        message = "The request specifies an invalid page token."
        raise ApiError(
            400, "pageTokenInvalid", message, domain="youtube.liveChat", location="pageToken"
        ) from None
