"""Plausible values for the discovery document's schemas: made once into recipes, then cooked per resource.

A value depends on the seed, the schema, the resource's id and the field alone, so the same id always shows the same.
"""

from __future__ import annotations

import random
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from ytquota.sandbox.router import discovery_document

Recipe = Callable[[random.Random], Any]

_DEPTH = 4  # schemas refer to each other in circles
_WORDS = [
    "amber",
    "bridge",
    "candle",
    "delta",
    "ember",
    "forest",
    "garden",
    "harbor",
    "island",
    "jungle",
    "kitchen",
    "lantern",
    "meadow",
    "north",
    "ocean",
    "piano",
    "quarter",
    "river",
    "summer",
    "temple",
    "umbrella",
    "valley",
    "winter",
    "yellow",
    "zephyr",
    "acoustic",
    "builder",
    "classic",
    "daily",
    "evening",
    "first",
    "guide",
    "history",
    "inside",
    "journey",
    "keynote",
    "learning",
    "making",
    "night",
    "open",
    "practice",
    "quick",
    "review",
    "studio",
    "tour",
]
_EPOCH = datetime(2019, 1, 1, tzinfo=UTC)
_DULL = ("unspecified", "unknown", "invalid", "deprecated", "undefined")
_ID_SHAPES = {
    "Video": ("", 11),
    "Channel": ("UC", 22),
    "Playlist": ("PL", 32),
    "PlaylistItem": ("UEw", 45),
    "Comment": ("Ugy", 23),
    "CommentThread": ("Ugy", 23),
    "Caption": ("AUieDa", 30),
    "LiveChat": ("Cg0KC", 33),
    "LiveChatMessage": ("LCC.", 40),
}
_ID_FIELDS = {
    "videoid": "Video",
    "channelid": "Channel",
    "playlistid": "Playlist",
    "commentid": "Comment",
    "livechatid": "LiveChat",
}


def identify(schema: str, *keys: object) -> str:
    """An id in the shape of that resource's ids, always the same for the same keys."""
    prefix, length = _ID_SHAPES.get(schema, ("", 27))
    digest = blake2b("\0".join([schema, *map(str, keys)]).encode(), digest_size=48).digest()
    return prefix + urlsafe_b64encode(digest).decode()[:length]


def number(*keys: object) -> int:
    """A number of 32 bits, always the same for the same keys."""
    return int.from_bytes(blake2b("\0".join(map(str, keys)).encode(), digest_size=4).digest(), "big")


@lru_cache(maxsize=512)
def parts_of(schema: str) -> Mapping[str, Recipe]:
    """Property -> recipe, for every property of a schema but `kind`, `etag` and `id`."""
    properties = _schema(schema)["properties"]
    fixed = ("kind", "etag", "id")
    return {name: _recipe(name, spec, _DEPTH) for name, spec in properties.items() if name not in fixed}


@lru_cache(maxsize=512)
def kind_of(schema: str) -> str | None:
    """What the schema's `kind` says, such as `youtube#video`; None where it has none."""
    spec = _schema(schema)["properties"].get("kind")
    if spec is None:
        return None
    return str(spec.get("default") or f"youtube#{schema[0].lower()}{schema[1:]}")


@lru_cache(maxsize=512)
def has(schema: str, name: str) -> bool:
    """Whether a schema has that property."""
    return name in _schema(schema)["properties"]


@lru_cache(maxsize=128)
def item_schema(schema: str) -> str | None:
    """The schema of a list answer's items; None if it is no list."""
    items = _schema(schema)["properties"].get("items", {})
    reference: str | None = items.get("items", {}).get("$ref")
    return reference


def words(rng: random.Random, least: int, most: int) -> str:
    """A title of so many words."""
    return " ".join(rng.choices(_WORDS, k=rng.randint(least, most))).capitalize()


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = discovery_document()["schemas"][name]
    return schema


def _recipe(name: str, spec: Mapping[str, Any], depth: int) -> Recipe:
    if "$ref" in spec:
        return _object(spec["$ref"], depth - 1)
    kind = spec.get("type")
    if kind == "array":
        one = _recipe(name, spec["items"], depth)
        return lambda rng: [value for value in (one(rng) for _ in range(rng.randint(1, 2))) if value != {}]
    if kind == "object" or kind == "any":
        return lambda _: {}
    if kind == "boolean":
        return lambda rng: rng.random() < 0.5  # noqa: PLR2004 a coin
    if kind == "integer":
        return lambda rng: rng.randint(1, 500)
    if kind == "number":
        return lambda rng: round(rng.random(), 4)
    return _text(name, spec)


def _object(schema: str, depth: int) -> Recipe:
    if depth <= 0:
        return lambda _: {}
    recipes = [
        (key, _recipe(key, spec, depth)) for key, spec in _schema(schema).get("properties", {}).items()
    ]

    def cook(rng: random.Random) -> dict[str, Any]:
        values = {key: recipe(rng) for key, recipe in recipes}
        return {key: value for key, value in values.items() if value not in ({}, [])}

    return cook


def _text(name: str, spec: Mapping[str, Any]) -> Recipe:
    low = name.lower()
    if "enum" in spec:
        choices = [choice for choice in spec["enum"] if not any(dull in choice.lower() for dull in _DULL)]
        return lambda rng: rng.choice(choices or spec["enum"])
    if spec.get("default"):
        return lambda _: spec["default"]
    if spec.get("format") == "date-time":
        return lambda rng: (_EPOCH + timedelta(seconds=rng.randint(0, 200_000_000))).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
    if spec.get("format", "").endswith("int64") or spec.get("format", "").endswith("int32"):
        return lambda rng: str(int(10 ** rng.uniform(0, 6)))
    for ending, schema in _ID_FIELDS.items():
        if low.endswith(ending):
            return lambda rng: identify(schema, rng.random())
    return _named_text(low)


def _named_text(low: str) -> Recipe:
    if low.endswith("url"):
        return lambda rng: f"https://example.com/{rng.choice(_WORDS)}/{rng.randint(1, 9999)}"
    if "description" in low or low.startswith("text") or low.endswith("text"):
        return lambda rng: words(rng, 5, 12) + "."
    if "title" in low or "displayname" in low:
        return lambda rng: words(rng, 2, 5)
    if "language" in low or low == "hl":
        return lambda rng: rng.choice(("en", "de", "ja", "pt"))
    if "country" in low or "region" in low or low == "gl":
        return lambda rng: rng.choice(("US", "DE", "JP", "BR"))
    if low == "duration":
        return lambda rng: f"PT{rng.randint(0, 59)}M{rng.randint(1, 59)}S"
    if low == "categoryid":
        return lambda rng: str(rng.randint(1, 29))
    if low == "etag" or low == "id":
        return lambda rng: identify(low, rng.random())
    return lambda rng: str(rng.choice(_WORDS))
