"""Reads: lists with pages, lookups by id, and the few that are neither."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ytquota.sandbox import schemas
from ytquota.sandbox.api_errors import ApiError, missing_parameter, not_found
from ytquota.sandbox.checks import PERSONAL
from ytquota.sandbox.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ytquota.sandbox.resources import Resources
    from ytquota.sandbox.state import Call

_STATIC = {
    "i18nLanguages.list": [
        "ar",
        "de",
        "en",
        "es",
        "fr",
        "hi",
        "id",
        "it",
        "ja",
        "ko",
        "nl",
        "pl",
        "pt",
        "ru",
        "th",
        "tr",
        "uk",
        "vi",
        "zh-CN",
    ],
    "i18nRegions.list": [
        "AR",
        "AU",
        "BR",
        "CA",
        "DE",
        "ES",
        "FR",
        "GB",
        "IN",
        "IT",
        "JP",
        "KR",
        "MX",
        "NL",
        "PL",
        "SE",
        "TR",
        "UA",
        "US",
        "ZA",
    ],
    "videoCategories.list": [
        "1",
        "2",
        "10",
        "15",
        "17",
        "19",
        "20",
        "22",
        "23",
        "24",
        "25",
        "26",
        "27",
        "28",
        "29",
    ],
    "videoAbuseReportReasons.list": ["N", "S", "V", "R", "H", "C"],
}
_SIZES = {  # method -> fewest and most items of a list
    "captions.list": (1, 5),
    "channelSections.list": (1, 10),
    "commentThreads.list": (0, 400),
    "liveBroadcasts.list": (1, 12),
    "liveStreams.list": (1, 3),
    "membershipsLevels.list": (1, 4),
    "playlistItems.list": (10, 400),
    "search.list": (20, 500),  # no query gives more than about 500, whatever totalResults says
    "thirdPartyLinks.list": (0, 2),
    "videos.list": (200, 200),
}
_USUAL_SIZE = (3, 200)
_NOT_FILTERS = {
    "part",
    "maxResults",
    "pageToken",
    "key",
    "alt",
    "fields",
    "prettyPrint",
    "quotaUser",
    "hl",
    "order",
}
_SEARCHED = {"video": "Video", "channel": "Channel", "playlist": "Playlist"}


class Reads:
    """Answers reads from the resources."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def look(self, call: Call) -> Answer:
        """Any list: by ids, or a page of what the filters select."""
        schema = schemas.item_schema(call.method.response or "") or ""
        ids = call.request.many("id")
        if ids:
            items = self._known(schema, ids, _parts(call, schema))
            return _list_answer(call, items, total=len(items))
        one = self._single(call)
        if one:
            items = self._known(schema, [one], _parts(call, schema))
            return _list_answer(call, items, total=len(items))
        return self._page(call, schema)

    def batch_get_stats(self, call: Call) -> Answer:
        """videos.batchGetStats: statistics of up to 50 videos."""
        ids = call.request.many("id")
        if not ids:
            raise missing_parameter("id")
        return _list_answer(call, self._known("VideoStat", ids, _parts(call, "VideoStat")), total=len(ids))

    def get_rating(self, call: Call) -> Answer:
        """videos.getRating: what the caller thinks of each video."""
        moods = ("like", "none", "none", "dislike")
        items = [
            {
                "videoId": ident,
                "rating": moods[self._resources.seeded("rating", call.caller.channel, ident) % 4],
            }
            for ident in call.request.many("id")
        ]
        return _list_answer(call, items, total=len(items))

    def trainability(self, call: Call) -> Answer:
        """videoTrainability.get: who may train on a video."""
        ident = call.request.one("id")
        if not ident:
            raise missing_parameter("id")
        if self._resources.get("Video", ident, ()) is None:
            raise not_found("video", "videoNotFound")
        body = {"kind": "youtube#videoTrainability", "videoId": ident, "permitted": ["none"]}
        return Answer.json(200, {**body, "etag": schemas.identify("etag", ident)})

    def _known(self, schema: str, ids: Iterable[str], parts: Iterable[str]) -> list[dict[str, Any]]:
        found = (self._resources.get(schema, ident, parts) for ident in ids)
        return [item for item in found if item is not None]

    def _single(self, call: Call) -> str | None:
        if call.method.name != "channels.list":
            return None
        if call.request.one("mine") == "true":
            return call.caller.channel
        name = call.request.one("forHandle") or call.request.one("forUsername")
        return self._resources.new_id("Channel", name.lower().removeprefix("@")) if name else None

    def _page(self, call: Call, schema: str) -> Answer:
        request, method = call.request, call.method
        query = _query(call)
        ids, total = _STATIC.get(method.name), 0
        size = len(ids) if ids else self._size(method.name, query)
        limit = method.parameters.get("maxResults")
        if limit is None or ids:
            start, count = 0, size
        else:
            count = int(request.one("maxResults") or limit.default or 5)
            start = _offset(request.one("pageToken"), query)
        ids = ids or [
            self._resources.new_id(schema, query, i) for i in range(start, min(start + count, size))
        ]
        if method.name == "search.list":
            items = self._found(call, query, range(start, min(start + count, size)))
            total = size if size < 500 else self._resources.seeded("total", query) % 1_000_000  # noqa: PLR2004
        else:
            items = self._members(call, schema, ids)
        tokens = _tokens(query, start, count, size)
        return _list_answer(call, items, total=total or size, per_page=count, tokens=tokens)

    def _size(self, method: str, query: str) -> int:
        least, most = _SIZES.get(method, _USUAL_SIZE)
        return least + self._resources.seeded("size", query) % (most - least + 1)

    def _members(self, call: Call, schema: str, ids: list[str]) -> list[dict[str, Any]]:
        context = {name: values[0] for name, values in call.request.params.items() if name.endswith("Id")}
        if "mine" in call.request.params and call.caller.channel:
            context["channelId"] = call.caller.channel
        if context:
            for ident in ids:
                self._resources.place(schema, ident, context)
        return self._known(schema, ids, _parts(call, schema))

    def _found(self, call: Call, query: str, places: Iterable[int]) -> list[dict[str, Any]]:
        wanted = [kind for kind in call.request.many("type") if kind in _SEARCHED] or ["video"]
        items = []
        for place in places:
            kind = wanted[place % len(wanted)]
            ident = self._resources.new_id(_SEARCHED[kind], query, place)
            if call.request.one("channelId"):
                self._resources.place(_SEARCHED[kind], ident, {"channelId": call.request.one("channelId")})
            items.append(self._hit(kind, ident, with_snippet="snippet" in call.parts))
        return items

    def _hit(self, kind: str, ident: str, *, with_snippet: bool) -> dict[str, Any]:
        source = self._resources.get(_SEARCHED[kind], ident, ("snippet",)) or {}
        hit = {
            "kind": "youtube#searchResult",
            "etag": schemas.identify("etag", "hit", source.get("etag")),
            "id": {"kind": f"youtube#{kind}", f"{kind}Id": ident},
        }
        if with_snippet:
            known = schemas.parts_of("SearchResultSnippet")
            hit["snippet"] = {
                name: value for name, value in source.get("snippet", {}).items() if name in known
            }
        return hit


def handlers(resources: Resources) -> dict[str, Callable[[Call], Answer]]:
    """Method name -> handler for the reads that are no plain lists; `*.list` is any other list."""
    reads = Reads(resources)
    return {
        "*.list": reads.look,
        "videos.batchGetStats": reads.batch_get_stats,
        "videos.getRating": reads.get_rating,
        "videoTrainability.get": reads.trainability,
    }


def _parts(call: Call, schema: str) -> Iterable[str]:
    return call.parts or schemas.parts_of(schema)


def _query(call: Call) -> str:
    wanted = {name: values for name, values in call.request.params.items() if name not in _NOT_FILTERS}
    personal = call.caller.channel if PERSONAL.intersection(wanted) else ""
    return f"{call.method.name} {personal} {sorted(wanted.items())}"


def _list_answer(
    call: Call,
    items: list[dict[str, Any]],
    *,
    total: int,
    per_page: int | None = None,
    tokens: dict[str, str] | None = None,
) -> Answer:
    schema = call.method.response or ""
    etag = _etag(call.method.name, [item.get("etag", item) for item in items], total)
    body: dict[str, Any] = {"kind": schemas.kind_of(schema), "etag": etag}
    for name, token in (tokens or {}).items():
        if schemas.has(schema, name):
            body[name] = token
    if schemas.has(schema, "regionCode"):
        body["regionCode"] = call.request.one("regionCode", "US")
    if schemas.has(schema, "pageInfo"):
        body["pageInfo"] = {
            "totalResults": total,
            "resultsPerPage": len(items) if per_page is None else per_page,
        }
    body["items"] = items
    return Answer.json(200, body, (("etag", f'"{etag}"'),))


def _etag(*facts: object) -> str:
    return schemas.identify("etag", *facts)


def _tokens(query: str, start: int, count: int, size: int) -> dict[str, str]:
    tokens = {}
    if count and start + count < size:
        tokens["nextPageToken"] = _token(query, start + count)
    if start:
        tokens["prevPageToken"] = _token(query, max(0, start - count))
    return tokens


@lru_cache(maxsize=4096)
def _token(query: str, offset: int) -> str:
    return urlsafe_b64encode(f"{offset}:{schemas.number(query)}".encode()).decode().rstrip("=")


def _offset(token: str, query: str) -> int:
    if not token:
        return 0
    try:
        offset, _, digest = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition(":")
        start = int(offset)
    except ValueError:
        start, digest = -1, ""
    if start < 0 or digest != str(schemas.number(query)):
        message = "The request specifies an invalid page token."
        raise ApiError(400, "invalidPageToken", message, domain="youtube.parameter", location="pageToken")
    return start
