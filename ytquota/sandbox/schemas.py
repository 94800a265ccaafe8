"""Plausible values for the discovery document's schemas: made once into recipes, then cooked per resource.

A value depends on the seed, the schema, the resource's id and the field alone: the same id shows the same.
"""

from __future__ import annotations

import random
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from ytquota.sandbox.clock import rfc3339
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
_FIRST_DAY = 1_577_836_800.0  # 2020-01-01; made-up dates lie in the days after
_DAYS = 2_000
_PICTURES = (
    ("default", "default", 120, 90),
    ("medium", "mqdefault", 320, 180),
    ("high", "hqdefault", 480, 360),
)
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
        return _pictures if spec["$ref"] == "ThumbnailDetails" else _object(spec["$ref"], depth - 1)
    if spec.get("type") == "array":
        one = _recipe(name, spec["items"], depth)
        return lambda rng: [value for value in (one(rng) for _ in range(rng.randint(1, 2))) if value != {}]
    return _PLAIN.get(spec.get("type", "")) or _text(name.lower(), spec)


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


def _text(low: str, spec: Mapping[str, Any]) -> Recipe:
    if "enum" in spec:
        choices = [choice for choice in spec["enum"] if not any(dull in choice.lower() for dull in _DULL)]
        return lambda rng: rng.choice(choices or spec["enum"])
    if spec.get("default"):
        return lambda _: spec["default"]
    if spec.get("format") == "date-time":
        return lambda rng: rfc3339(_FIRST_DAY + rng.randint(0, _DAYS * 86_400))
    if "int" in spec.get("format", ""):
        return lambda rng: str(int(10 ** rng.uniform(0, 6)))
    for ending, schema in _ID_FIELDS.items():
        if low.endswith(ending):
            return lambda rng: identify(schema, rng.random())
    return next((recipe for fits, recipe in _NAMED if fits(low)), lambda rng: rng.choice(_WORDS))


def _pictures(rng: random.Random) -> dict[str, Any]:
    place = f"https://i.ytimg.com/vi/{identify('Video', rng.random())}"
    return {
        name: {"url": f"{place}/{file}.jpg", "width": width, "height": height}
        for name, file, width, height in _PICTURES
    }


_PLAIN: dict[str, Recipe] = {
    "object": lambda _: {},
    "any": lambda _: {},
    "boolean": lambda rng: rng.random() < 0.5,  # noqa: PLR2004 a coin
    "integer": lambda rng: rng.randint(1, 500),
    "number": lambda rng: round(rng.random(), 4),
}
_NAMED: tuple[
    tuple[Callable[[str], bool], Recipe], ...
] = (  # the first that fits a field's name in lower case
    (lambda low: low.endswith("url"), lambda rng: f"https://example.com/{rng.choice(_WORDS)}"),
    (lambda low: "description" in low or "text" in low, lambda rng: words(rng, 5, 12) + "."),
    (lambda low: "title" in low or "displayname" in low, lambda rng: words(rng, 2, 5)),
    (lambda low: "language" in low, lambda rng: rng.choice(("en", "de", "ja", "pt"))),
    (lambda low: "country" in low or "region" in low, lambda rng: rng.choice(("US", "DE", "JP", "BR"))),
    (lambda low: low == "duration", lambda rng: f"PT{rng.randint(1, 59)}M{rng.randint(0, 59)}S"),
    (lambda low: low == "categoryid", lambda rng: str(rng.randint(1, 29))),
    (lambda low: low in ("etag", "id"), lambda rng: identify("part", rng.random())),
)
