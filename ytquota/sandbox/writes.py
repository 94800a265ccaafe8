"""Writes: what they make stays, and is found again by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ytquota.sandbox import schemas
from ytquota.sandbox.api_errors import ApiError, missing_parameter, not_found
from ytquota.sandbox.router import methods
from ytquota.sandbox.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ytquota.sandbox.resources import Resources
    from ytquota.sandbox.state import Call

_NOTHING = Answer(204)
_MEDIA_REQUIRED = frozenset(
    {
        "captions.insert",
        "channelBanners.insert",
        "playlistImages.insert",
        "thumbnails.set",
        "videos.insert",
        "watermarks.set",
    }
)
_OWNED = ("channelId", "authorChannelId")


class Writes:
    """Answers writes, and remembers them in the resources."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self.media: dict[str, bytes] = {}  # id -> uploaded captions

    def insert(self, call: Call) -> Answer:
        """Make a resource of the method's kind; the answer shows it with its new id."""
        schema = call.method.response or ""
        body = call.document
        ident = self._resources.create(schema, body, dict.fromkeys(_OWNED, call.caller.channel or ""))
        if call.media and schema == "Caption":
            self.media[ident] = call.media
        return self._show(schema, ident, call.parts or list(body))

    def update(self, call: Call) -> Answer:
        """Change the resource that the body names."""
        schema = call.method.response or ""
        body = call.document
        ident = str(body.get("id") or body.get("linkingToken") or "")
        if not ident:
            raise missing_parameter("id")
        self._must_exist(schema, ident)
        self._resources.change(schema, ident, body)
        if call.media and schema == "Caption":
            self.media[ident] = call.media
        return self._show(schema, ident, call.parts or list(body))

    def delete(self, call: Call) -> Answer:
        """Remove the resource; a second time it is not there."""
        schema = _schema_of(call.method.resource)
        ident = call.request.one("id") or call.request.one("linkingToken")
        if not ident:
            raise missing_parameter("id")
        if not self._resources.delete(schema, ident):
            raise not_found(_plain(schema), f"{schema[0].lower()}{schema[1:]}NotFound")
        self.media.pop(ident, None)
        return _NOTHING

    def touch(self, call: Call) -> Answer:
        """Do something to resources that exist, and answer with nothing: rate, moderate, report, unset."""
        schema = _schema_of(call.method.resource)
        for ident in call.request.many("id"):
            self._must_exist(schema, ident)
        _ = call.document  # a body that is no JSON is refused
        return _NOTHING

    def set_thumbnail(self, call: Call) -> Answer:
        """thumbnails.set: the video's new pictures."""
        ident = call.request.one("videoId")
        self._must_exist("Video", ident)
        picture = {"url": f"https://i.ytimg.com/vi/{ident}/default.jpg", "width": 120, "height": 90}
        etag = schemas.identify("etag", ident, len(call.media or b""))
        return Answer.json(
            200, {"kind": "youtube#thumbnailSetResponse", "etag": etag, "items": [{"default": picture}]}
        )

    def insert_banner(self, call: Call) -> Answer:
        """channelBanners.insert: an address to be set as the banner."""
        url = f"https://yt3.googleusercontent.com/{self._resources.new_id('banner', call.caller.channel)}"
        etag = schemas.identify("etag", url)
        return Answer.json(200, {"kind": "youtube#channelBannerInsertResponse", "etag": etag, "url": url})

    def bind(self, call: Call) -> Answer:
        """liveBroadcasts.bind: connect a broadcast to a stream, or part them."""
        stream = call.request.one("streamId")
        return self._broadcast(call, {"contentDetails": {"boundStreamId": stream}} if stream else {})

    def transition(self, call: Call) -> Answer:
        """liveBroadcasts.transition: take the broadcast to another state."""
        return self._broadcast(call, {"status": {"lifeCycleStatus": call.request.one("broadcastStatus")}})

    def insert_cuepoint(self, call: Call) -> Answer:
        """liveBroadcasts.insertCuepoint: what was asked for, with an id."""
        ident = self._resources.create("Cuepoint", {}, {})
        return Answer.json(200, {**call.document, "id": ident, "etag": schemas.identify("etag", ident)})

    def transition_message(self, call: Call) -> Answer:
        """liveChatMessages.transition: close a poll."""
        ident = call.request.one("id")
        if not ident:
            raise missing_parameter("id")
        self._must_exist("LiveChatMessage", ident)
        return self._show("LiveChatMessage", ident, ["snippet"])

    def _broadcast(self, call: Call, change: Mapping[str, Any]) -> Answer:
        ident = call.request.one("id")
        self._must_exist("LiveBroadcast", ident)
        self._resources.change("LiveBroadcast", ident, change)
        return self._show("LiveBroadcast", ident, call.parts)

    def _must_exist(self, schema: str, ident: str) -> None:
        if self._resources.get(schema, ident, ()) is None:
            raise not_found(_plain(schema), f"{schema[0].lower()}{schema[1:]}NotFound")

    def _show(self, schema: str, ident: str, parts: list[str]) -> Answer:
        shown = self._resources.get(schema, ident, parts) or {}
        return Answer.json(200, shown, (("etag", f'"{shown.get("etag", "")}"'),))


def handlers(writes: Writes) -> dict[str, Callable[[Call], Answer]]:
    """Method name -> handler; `*.insert` and the like stand for any other method of that ending."""
    return {
        "*.insert": writes.insert,
        "*.update": writes.update,
        "*.delete": writes.delete,
        "*.set": writes.touch,
        "*.unset": writes.touch,
        "*.rate": writes.touch,
        "*.reportAbuse": writes.touch,
        "*.markAsSpam": writes.touch,
        "*.setModerationStatus": writes.touch,
        "channelBanners.insert": writes.insert_banner,
        "thumbnails.set": writes.set_thumbnail,
        "liveBroadcasts.bind": writes.bind,
        "liveBroadcasts.transition": writes.transition,
        "liveBroadcasts.insertCuepoint": writes.insert_cuepoint,
        "liveChatMessages.transition": writes.transition_message,
    }


def check_media(call: Call) -> None:
    """Refuse an upload method that came without content."""
    if call.media is None and call.method.name in _MEDIA_REQUIRED:
        message = "The request must include the content to upload; send it to the method's upload address."
        raise ApiError(400, "mediaBodyRequired", message)


def _schema_of(resource: str) -> str:
    for action in ("insert", "update", "list"):
        method = methods().get(f"{resource}.{action}")
        if method and method.response:
            return schemas.item_schema(method.response) or method.response
    return resource


def _plain(schema: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in schema).strip()
