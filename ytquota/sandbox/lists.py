"""Reads: lists with pages, lookups by id, and the few that are neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ytquota.sandbox import schemas
from ytquota.sandbox.api_errors import missing_parameter, not_found
from ytquota.sandbox.paging import list_answer, page_of, query_of
from ytquota.sandbox.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ytquota.sandbox.resources import Resources
    from ytquota.sandbox.state import Call

_FIXED = {  # method -> the ids of lists that everybody sees alike
    "i18nLanguages.list": "ar de en es fr hi id it ja ko nl pl pt ru th tr uk vi zh-CN",
    "i18nRegions.list": "AR AU BR CA DE ES FR GB IN IT JP KR MX NL PL SE TR UA US ZA",
    "videoCategories.list": "1 2 10 15 17 19 20 22 23 24 25 26 27 28 29",
    "videoAbuseReportReasons.list": "N S V R H C",
}
_SIZES = {  # method -> fewest and most items of a list
    "captions.list": (1, 5),
    "channelSections.list": (1, 10),
    "commentThreads.list": (0, 400),
    "liveBroadcasts.list": (1, 12),
    "liveStreams.list": (1, 3),
    "membershipsLevels.list": (1, 4),
    "playlistItems.list": (10, 400),
    "thirdPartyLinks.list": (0, 2),
    "videos.list": (200, 200),
}
_USUAL_SIZE = (3, 200)
_MOST_FOUND = 500  # what a search gives at most, whatever its totalResults says
_SEARCHED = {"video": "Video", "channel": "Channel", "playlist": "Playlist"}
_MOODS = ("like", "none", "none", "dislike")


class Reads:
    """Answers reads from the resources."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def look(self, call: Call) -> Answer:
        """Any list but a search: by ids, or a page of what the filters select."""
        schema = schemas.item_schema(call.method.response or "") or ""
        ids = call.request.many("id") or self._named(call)
        if ids:
            return list_answer(call, self._known(call, schema, ids))
        query = query_of(call)
        fixed = _FIXED.get(call.method.name, "").split()
        if fixed:
            page = page_of(call, query, len(fixed), whole=True)
            return list_answer(call, self._known(call, schema, fixed), page)
        context = _context(call)
        first = self._resources.children(schema, context.values())
        page = page_of(call, query, len(first) + self._made_up(call, query, context))
        made_up = (place - len(first) for place in page.places if place >= len(first))
        ids = [self._resources.new_id(schema, query, place) for place in made_up]
        ids = first[page.start : page.start + page.count] + ids
        for ident in ids:
            self._resources.place(schema, ident, context)
        return list_answer(call, self._known(call, schema, ids), page)

    def search(self, call: Call) -> Answer:
        """search.list: the first 500 of however many there are."""
        query = query_of(call)
        page = page_of(call, query, self._size(query, 20, _MOST_FOUND))
        wanted = [kind for kind in call.request.many("type") if kind in _SEARCHED] or ["video"]
        hits = (self._hit(call, wanted[place % len(wanted)], query, place) for place in page.places)
        items = [hit for hit in hits if hit]
        more = self._resources.seeded("total", query) % 1_000_000 if page.size == _MOST_FOUND else 0
        return list_answer(call, items, page, total=page.size + more)

    def batch_get_stats(self, call: Call) -> Answer:
        """videos.batchGetStats: statistics of up to 50 videos."""
        ids = call.request.many("id")
        if not ids:
            raise missing_parameter("id")
        return list_answer(call, self._known(call, "VideoStat", ids))

    def get_rating(self, call: Call) -> Answer:
        """videos.getRating: what the caller thinks of each video."""
        ids = call.request.many("id")
        moods = (self._resources.seeded("rating", call.caller.channel, ident) % len(_MOODS) for ident in ids)
        return list_answer(
            call, [{"videoId": i, "rating": _MOODS[mood]} for i, mood in zip(ids, moods, strict=True)]
        )

    def trainability(self, call: Call) -> Answer:
        """videoTrainability.get: who may train on a video."""
        ident = call.request.one("id")
        if not ident:
            raise missing_parameter("id")
        if self._resources.get("Video", ident, ()) is None:
            raise not_found("video", "videoNotFound")
        body = {"kind": "youtube#videoTrainability", "videoId": ident, "permitted": ["none"]}
        return Answer.json(200, {**body, "etag": schemas.identify("etag", ident)})

    def _known(self, call: Call, schema: str, ids: Iterable[str]) -> list[dict[str, Any]]:
        parts = call.parts or list(schemas.parts_of(schema))
        found = (self._resources.get(schema, ident, parts) for ident in ids)
        return [item for item in found if item is not None]

    def _named(self, call: Call) -> list[str]:
        """The one channel that is named otherwise than by its id."""
        if call.method.name != "channels.list":
            return []
        if call.request.one("mine") == "true" and call.caller.channel:
            return [call.caller.channel]
        name = call.request.one("forHandle") or call.request.one("forUsername")
        return [self._resources.new_id("Channel", name.lower().removeprefix("@"))] if name else []

    def _size(self, query: str, least: int, most: int) -> int:
        return least + self._resources.seeded("size", query) % (most - least + 1)

    def _made_up(self, call: Call, query: str, context: Mapping[str, str]) -> int:
        """How many items nobody made: none in what a caller created, a playlist for example."""
        if any(self._resources.was_made(parent) for parent in context.values()):
            return 0
        return self._size(query, *_SIZES.get(call.method.name, _USUAL_SIZE))

    def _hit(self, call: Call, kind: str, query: str, place: int) -> dict[str, Any]:
        schema = _SEARCHED[kind]
        ident = self._resources.new_id(schema, query, place)
        if call.request.one("channelId"):
            self._resources.place(schema, ident, {"channelId": call.request.one("channelId")})
        source = self._resources.get(schema, ident, ("snippet",))
        if source is None:
            return {}
        hit = {
            "kind": "youtube#searchResult",
            "etag": schemas.identify("etag", "hit", source.get("etag")),
            "id": {"kind": f"youtube#{kind}", f"{kind}Id": ident},
        }
        if "snippet" in call.parts:
            known = schemas.parts_of("SearchResultSnippet")
            hit["snippet"] = {name: value for name, value in source["snippet"].items() if name in known}
        return hit


def _context(call: Call) -> dict[str, str]:
    """What the items of a list belong to, by its filters."""
    context = {name: values[0] for name, values in call.request.params.items() if name.endswith("Id")}
    if "mine" in call.request.params and call.caller.channel:
        context["channelId"] = call.caller.channel
    return context


def handlers(resources: Resources) -> dict[str, Callable[[Call], Answer]]:
    """Method name -> handler; `*.list` is any list that is not named."""
    reads = Reads(resources)
    return {
        "*.list": reads.look,
        "search.list": reads.search,
        "videos.batchGetStats": reads.batch_get_stats,
        "videos.getRating": reads.get_rating,
        "videoTrainability.get": reads.trainability,
    }
