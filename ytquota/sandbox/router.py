"""Which method of the API a request is for, by the discovery document that google-api-python-client ships."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

_DOCUMENT = "discovery_cache/documents/youtube.v3.json"
_SCOPE_PREFIX = "https://www.googleapis.com/auth/"
_UPLOAD_PREFIXES = ("/upload/", "/resumable/upload/")
_OTHER_NAMES = {"youtube.youtube.v3.liveChat.messages.stream": "liveChatMessages.streamList"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as the discovery document describes it."""

    name: str
    required: bool
    type: str
    repeated: bool
    minimum: int | None
    maximum: int | None
    default: str | None
    choices: frozenset[str]


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the API."""

    name: str  # "videos.list"
    verb: str  # "GET"
    path: str  # "/youtube/v3/videos"
    parameters: Mapping[str, Parameter]
    scopes: frozenset[str]
    request: str | None  # name of the schema of the body
    response: str | None
    upload: bool
    download: bool

    @property
    def resource(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]

    @property
    def action(self) -> str:
        """The part of the name after the dot."""
        return self.name.partition(".")[2]

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.verb == "GET"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request leads: the method, what the path says, and whether it is an upload address."""

    method: Method
    path_values: Mapping[str, str]
    upload: bool = False


class Router:
    """Finds the method of a verb and a path."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        self._fixed: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Method]] = []
        for method in methods.values():
            if "{" in method.path:
                self._patterns.append((method.verb, _pattern(method.path), method))
                continue
            self._fixed[method.verb, method.path] = Route(method, {})
            if method.upload:
                for prefix in _UPLOAD_PREFIXES:
                    self._fixed[method.verb, prefix + method.path[1:]] = Route(method, {}, upload=True)

    def find(self, verb: str, path: str) -> Route | None:
        """The route of a request, or None where the API has nothing."""
        route = self._fixed.get((verb, path))
        if route is not None:
            return route
        for pattern_verb, pattern, method in self._patterns:
            match = pattern.fullmatch(path)
            if match and pattern_verb == verb:
                return Route(method, match.groupdict())
        return None


@lru_cache(maxsize=1)
def discovery_document() -> dict[str, Any]:
    """The discovery document of YouTube Data API v3 (not to be changed: everybody shares it)."""
    document: dict[str, Any] = orjson.loads((files("googleapiclient") / _DOCUMENT).read_bytes())
    return document


@lru_cache(maxsize=1)
def methods() -> Mapping[str, Method]:
    """Name -> method, for every method of the discovery document."""
    found: dict[str, Method] = {}
    _collect(discovery_document(), found)
    return found


@lru_cache(maxsize=1)
def router() -> Router:
    """The router over all methods, made once."""
    return Router(methods())


def known_scopes() -> Mapping[str, str]:
    """Scope -> what Google says it permits, for the consent page."""
    scopes = discovery_document()["auth"]["oauth2"]["scopes"]
    return {scope: entry["description"] for scope, entry in scopes.items()}


def _collect(node: dict[str, Any], found: dict[str, Method]) -> None:
    for entry in node.get("methods", {}).values():
        method = _method(entry)
        found[method.name] = method
    for child in node.get("resources", {}).values():
        _collect(child, found)


def _method(entry: dict[str, Any]) -> Method:
    return Method(
        name=_OTHER_NAMES.get(entry["id"], entry["id"].removeprefix("youtube.")),
        verb=entry["httpMethod"],
        path="/" + entry["path"],
        parameters={name: _parameter(name, spec) for name, spec in entry.get("parameters", {}).items()},
        scopes=frozenset(scope.removeprefix(_SCOPE_PREFIX) for scope in entry.get("scopes", ())),
        request=entry.get("request", {}).get("$ref"),
        response=entry.get("response", {}).get("$ref"),
        upload="mediaUpload" in entry,
        download=bool(entry.get("supportsMediaDownload")),
    )


def _parameter(name: str, spec: dict[str, Any]) -> Parameter:
    return Parameter(
        name=name,
        required=bool(spec.get("required")),
        type=spec.get("type", "string"),
        repeated=bool(spec.get("repeated")),
        minimum=int(spec["minimum"]) if "minimum" in spec else None,
        maximum=int(spec["maximum"]) if "maximum" in spec else None,
        default=spec.get("default"),
        choices=frozenset(spec.get("enum", ())),
    )


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
