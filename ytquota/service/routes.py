"""Which method a request on the wire calls, and the few facts about it that advice needs later.

A method is found by verb and path from the discovery document that google-api-python-client ships: batches,
media downloads and hand-made requests carry no method name, and a long GET travels as a POST.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from googleapiclient.discovery_cache import get_static_doc

from ytquota.monitor.facts import MOST
from ytquota.monitor.polled import POLLED
from ytquota.prices import canonical
from ytquota.service.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = "/youtube/v3/"
"""What every method's path contains, behind whatever prefix an endpoint or an upload puts in front of it."""

_NOT_HASHED = frozenset(
    ("key", "access_token", "oauth_token", "alt", "prettyPrint", "quotaUser", "uploadType")
)
_VERBS = {"GET": "list", "POST": "insert", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
_WORD = re.compile(r"[a-z][A-Za-z0-9]{1,39}")
_CHOICES = frozenset(("eventType", "order", "type"))
"""Filters of a search whose values are words of the API's own, not a caller's."""


class Wire(NamedTuple):
    """A request as it stands on the wire; header names in lower case, `query` undecoded."""

    verb: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]


class Call(NamedTuple):
    """One call of a method: its canonical name and the facts about its parameters."""

    method: str
    facts: dict[str, Any]


def read_wire(uri: str, verb: str, body: Any, headers: Mapping[str, Any] | None) -> Wire:
    """Take a request apart, undoing the POST that googleapiclient makes of a GET with a long address."""
    parts = urlsplit(uri)
    plain = {key.lower(): value for key, value in (headers or {}).items()}
    query = parts.query
    override = plain.get("x-http-method-override")
    if override:
        verb = override
        if override == "GET" and body:
            query = body.decode("ascii") if isinstance(body, bytes) else str(body)
    return Wire(verb, parts.hostname or "", parts.path, query, plain)


def is_batch(path: str) -> bool:
    """Whether a path takes batches: ``/batch`` or ``/batch/youtube/v3``, behind any prefix."""
    return path.rstrip("/").endswith(("/batch", "/batch/youtube/v3"))


def find_call(wire: Wire, key: bytes = b"") -> Call | None:
    """Return the call that a request makes, or None if it costs no quota (token calls, upload chunks).

    A path below ``/youtube/v3/`` that the shipped document does not know is named after its resource and
    verb, so that the price book can flag it.
    """
    _, found, rest = wire.path.partition(ROOT)
    if not found or _is_upload_step(wire):
        return None
    method = find_method(wire.verb, unquote(rest))
    return Call(method, _facts(method, wire.query, key))


@cache
def _fixed_routes() -> dict[tuple[str, str], str]:
    return {(verb, path): name for name, verb, path in _described() if "{" not in path}


@cache
def _open_routes() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    routes = (
        (name, verb, re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))) for name, verb, path in _described()
    )
    return tuple((verb, re.compile(path), name) for name, verb, path in routes if "[^/]+" in path)


def find_method(verb: str, path: str) -> str:
    """Return the canonical name of the method at a path (below ``/youtube/v3/``, unquoted)."""
    method = _fixed_routes().get((verb, path))
    if method is not None:
        return method
    for known_verb, pattern, name in _open_routes():
        if verb == known_verb and pattern.fullmatch(path):
            return name
    return _unknown(verb, path)


@cache
def shipped_document() -> dict[str, Any]:
    """The discovery document of the YouTube Data API v3 that google-api-python-client ships, parsed once."""
    document: dict[str, Any] = orjson.loads(get_static_doc("youtube", "v3"))
    return document


def described_methods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the canonical name and the description of every method in the shipped document."""
    pending = [shipped_document()]
    while pending:
        resource = pending.pop()
        pending += resource.get("resources", {}).values()
        for method in resource.get("methods", {}).values():
            yield canonical(method["id"]), method


def _described() -> Iterator[tuple[str, str, str]]:
    """Yield (canonical name, verb, path below the root) of every method in the shipped document."""
    for name, method in described_methods():
        yield name, method["httpMethod"], ("/" + method["path"]).partition(ROOT)[2]


def _unknown(verb: str, path: str) -> str:
    """Name a method newer than the shipped document without repeating anything that may be an id."""
    resource, _, action = path.split("/", 1)[0].partition(":")
    known = resource if _WORD.fullmatch(resource) else "unknown"
    return f"{known}.{action if _WORD.fullmatch(action) else _VERBS.get(verb, 'insert')}"


def _is_upload_step(wire: Wire) -> bool:
    """Whether a request only carries bytes of an upload, or asks how many arrived: the start paid."""
    return "upload_id=" in wire.query or (wire.verb == "PUT" and "content-range" in wire.headers)


def _facts(method: str, query: str, key: bytes) -> dict[str, Any]:
    """What advice needs: numbers and part names; of the parameters themselves only a keyed hash."""
    pairs = sorted(pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in _NOT_HASHED)
    facts: dict[str, Any] = {}
    for name, value in pairs:
        if name == "id":
            facts["ids"] = min(facts.get("ids", 0) + value.count(",") + 1, MOST)
        elif name == "maxResults" and value.isdecimal():
            facts["maxResults"] = min(int(value[:9]), MOST)
        elif name == "pageToken":
            facts["page"] = True
        elif name == "part":
            facts["parts"] = facts.get("parts", []) + [
                part for part in value.split(",") if _WORD.fullmatch(part)
            ]
    if method == "search.list":
        filters = _filters(pairs)
        if filters:
            facts["filters"] = filters
    if pairs:
        if method == POLLED:  # each poll has a page token of its own: without it the hash tells the chat
            pairs = [pair for pair in pairs if pair[0] != "pageToken"]
        facts["hash"] = fingerprint(f"{method}\n{pairs}", key)
    return facts


def _filters(pairs: list[tuple[str, str]]) -> list[str]:
    """The names of a search's filters; with their value those that choose among words of the API's own."""
    known = _search_parameters()
    return [
        f"{name}={value}" if name in _CHOICES and _WORD.fullmatch(value) and value in known[name] else name
        for name, value in pairs
        if name in known
    ]


@cache
def _search_parameters() -> dict[str, frozenset[str]]:
    """Filters of search.list, and the values that each may have."""
    parameters = shipped_document()["resources"]["search"]["methods"]["list"]["parameters"]
    filters = {
        name: frozenset(about.get("enum", ()))
        for name, about in parameters.items()
        if name not in {"part", "maxResults", "pageToken"}
    }
    return filters | {"type": frozenset(("video", "channel", "playlist"))}
