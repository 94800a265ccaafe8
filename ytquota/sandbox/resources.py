"""The sandbox's resources: plausible ones for any id, and those that callers made, changed or deleted."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from ytquota.sandbox import schemas

_KEEP = 20_000  # resources remembered; older ones are made anew when asked for
_ABSENT = "missing"


class Resources:
    """Finds or makes resources; `seed` decides what made-up ones look like."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._cooked: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()
        self._changed: dict[tuple[str, str], dict[str, Any]] = {}
        self._context: OrderedDict[tuple[str, str], Mapping[str, str]] = OrderedDict()
        self._deleted: set[tuple[str, str]] = set()
        self._made: dict[str, None] = {}
        self._children: dict[tuple[str, str], dict[str, None]] = {}

    def seeded(self, *keys: object) -> int:
        """A number of 32 bits that depends on the seed and the keys."""
        return schemas.number(self._seed, *keys)

    def new_id(self, schema: str, *keys: object) -> str:
        """An id for the thing that `keys` describe."""
        return schemas.identify(schema, self._seed, *keys)

    def get(self, schema: str, ident: str, parts: Iterable[str]) -> dict[str, Any] | None:
        """The resource with those parts; None if it was deleted, or its id begins with `missing`."""
        if ident.startswith(_ABSENT) or (schema, ident) in self._deleted:
            return None
        whole = self._cooked.get((schema, ident))
        if whole is None:
            whole = self._start(schema, ident)
        result: dict[str, Any] = {name: whole[name] for name in ("kind", "etag", "id") if name in whole}
        recipes = schemas.parts_of(schema)
        for part in parts:
            if part not in whole and part in recipes:
                whole[part] = self._cook(schema, ident, part)
            if part in whole:
                result[part] = whole[part]
        return result

    def place(self, schema: str, ident: str, context: Mapping[str, str]) -> None:
        """Say what a made-up resource belongs to ({"videoId": ...}); its snippet will agree."""
        key = (schema, ident)
        if context and key not in self._context:
            self._context[key] = context
            self._cooked.pop(key, None)
            if len(self._context) > _KEEP:
                self._context.popitem(last=False)

    def create(self, schema: str, body: Mapping[str, Any], context: Mapping[str, str]) -> str:
        """Keep a new resource; its id."""
        ident = self.new_id(schema, "created", len(self._made))
        self._made[ident] = None
        self.place(schema, ident, context)
        self.change(schema, ident, body)
        snippet = body.get("snippet")
        named = snippet.values() if isinstance(snippet, Mapping) else ()
        for parent in {*context.values(), *(value for value in named if isinstance(value, str))}:
            self._children.setdefault((schema, parent), {})[ident] = None
        return ident

    def children(self, schema: str, parents: Iterable[str]) -> list[str]:
        """Ids of what was created under all of these (a playlist, a channel, a video), latest first."""
        found = [self._children.get((schema, parent), {}) for parent in parents]
        common = [ident for ident in (found[0] if found else ()) if all(ident in one for one in found)]
        return [ident for ident in reversed(common) if (schema, ident) not in self._deleted]

    def was_made(self, ident: str) -> bool:
        """Whether a caller made the resource of that id."""
        return ident in self._made

    def change(self, schema: str, ident: str, body: Mapping[str, Any]) -> None:
        """Let the body's fields win over what was there."""
        key = (schema, ident)
        self._changed[key] = _merged(self._changed.get(key, {}), body)
        self._cooked.pop(key, None)

    def delete(self, schema: str, ident: str) -> bool:
        """Remove; False if it was not there."""
        if ident.startswith(_ABSENT) or (schema, ident) in self._deleted:
            return False
        self._deleted.add((schema, ident))
        self._changed.pop((schema, ident), None)
        return True

    def _start(self, schema: str, ident: str) -> dict[str, Any]:
        whole: dict[str, Any] = {}
        kind = schemas.kind_of(schema)
        if kind:
            whole["kind"] = kind
        changed = self._changed.get((schema, ident))
        whole["etag"] = schemas.identify("etag", self._seed, schema, ident, changed or "")
        if schemas.has(schema, "id"):
            whole["id"] = ident
        self._cooked[schema, ident] = whole
        if len(self._cooked) > _KEEP:
            self._cooked.popitem(last=False)
        return whole

    def _cook(self, schema: str, ident: str, part: str) -> Any:
        rng = random.Random(f"{self._seed} {schema} {ident} {part}")  # noqa: S311 plausible, not secret
        value = schemas.parts_of(schema)[part](rng)
        if isinstance(value, dict):
            self._agree(schema, ident, part, value)
            own = self._changed.get((schema, ident), {}).get(part)
            if isinstance(own, Mapping):
                value = _merged(value, own)
        return value

    def _agree(self, schema: str, ident: str, part: str, value: dict[str, Any]) -> None:
        """Make a made-up part fit what it belongs to, and its own other fields."""
        for name, given in self._context.get((schema, ident), {}).items():
            if name in value:
                value[name] = given
        if schema == "PlaylistItem":
            self._agree_item(ident, part, value)
        elif part == "snippet":
            _agree_snippet(schema, ident, value)
        elif part == "statistics" and "viewCount" in value:
            value["likeCount"] = str(int(value["viewCount"]) // 25)
        elif part == "liveStreamingDetails":
            value["activeLiveChatId"] = schemas.identify("LiveChat", ident)
        elif schema == "Channel" and part == "contentDetails":
            value["relatedPlaylists"] = {"likes": "LL", "uploads": f"UU{ident[2:]}"}

    def _agree_item(self, ident: str, part: str, value: dict[str, Any]) -> None:
        video = self.new_id("Video", ident)
        if part == "contentDetails":
            value["videoId"] = video
        elif part == "snippet":
            value["resourceId"] = {"kind": "youtube#video", "videoId": video}


def _agree_snippet(schema: str, ident: str, snippet: dict[str, Any]) -> None:
    if "localized" in snippet:
        snippet["localized"] = {name: snippet[name] for name in ("title", "description") if name in snippet}
    if "liveBroadcastContent" in snippet:  # most videos are no live streams
        snippet["liveBroadcastContent"] = ("live", "upcoming", "none")[min(schemas.number(ident) % 20, 2)]
    if schema == "LiveBroadcast":
        snippet["liveChatId"] = schemas.identify("LiveChat", ident)


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(under)
    for name, value in over.items():
        below = result.get(name)
        result[name] = (
            _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
        )
    return result
